import { type CatalogEntry, readCatalog } from '../catalog/catalog';
import type { LocationSettings } from '../model/location-settings';
import { openSuspicions, pausesPruning } from '../plan/open-suspicions';
import type { ListedSet, ListSetsResult } from './contract';
import { openLocation } from './open-location';

/** All sealed sets of a location, newest snapshot first, with the newest verification of each, and what else proves or doubts it. */
export async function listSets({ location }: { readonly location: LocationSettings }): Promise<ListSetsResult> {
  const store = await openLocation(location);
  await store.check({ write: false });
  const { entries, findings } = await readCatalog(store);
  return {
    findings,
    sets: entries.map((entry) => {
      const { sealed, verifications, held } = entry;
      const tables = sealed.files.filter(({ kind }) => kind === 'table');
      const [newest] = verifications;
      return {
        setId: sealed.setId,
        name: sealed.name,
        archiveKey: sealed.archive.key,
        bytes: sealed.archive.bytes,
        snapshotAt: sealed.snapshotAt,
        sealedAt: sealed.archive.sealedAt,
        tables: tables.length,
        rows: tables.reduce((sum, { rows }) => sum + (rows ?? 0), 0),
        held,
        ...(newest
          ? { verification: { level: newest.level, outcome: newest.outcome, verifiedAt: newest.verifiedAt } }
          : {}),
        ...doubtAndProof(entry),
      };
    }),
  };
}

function doubtAndProof({
  verifications,
  acceptances,
  certificate,
}: CatalogEntry): Pick<ListedSet, 'suspicious' | 'suspicions' | 'certificate'> {
  const suspicions = verifications[0]?.suspicions ?? [];
  const isOpen = openSuspicions(suspicions, acceptances).some(pausesPruning);
  return {
    ...(suspicions.some(pausesPruning) ? { suspicious: isOpen ? 'open' : 'accepted' } : {}),
    ...(suspicions.length > 0 ? { suspicions } : {}),
    ...(certificate
      ? {
          certificate: {
            verifiedAt: certificate.verifiedAt,
            recoveryMs: certificate.recoveryMs,
            server: certificate.server,
          },
        }
      : {}),
  };
}
