import type { Finding } from '../model/verification';
import type { RestorePlan } from '../plan/restore-plan';
import type { Definitions } from './move-into-place';

/** What a restore under another name brings that may still reach into the database of the old name. */
export function ambiguousNames({ targets }: RestorePlan, definitions: Definitions): Finding[] {
  return targets.flatMap(({ database, target, objects }) => {
    const made = objects.filter(({ action }) => action === 'create' || action === 'replace');
    const chosen = new Set(made.map(({ kind, name }) => `${kind} ${name}`));
    return definitions.get(database)!.objects.flatMap(({ kind, name, unsure = [] }) => {
      if (unsure.length === 0 || !chosen.has(`${kind} ${name}`)) return [];
      const object = `${target}: ${kind} ${name}`;
      const said = unsure.map((old) => `"${old}"`).join(', ');
      return [
        {
          code: 'OP_NAME_AMBIGUOUS' as const,
          object,
          message: `${object} says ${said}, which may be the database of that name or something else: left as it is`,
        },
      ];
    });
  });
}
