/** A reason or loss of a plan: as the engine says it, and where a catalogue says it in the editor's language. */
export interface Told {
  readonly text: string;
  /** Under `collector-migrate.reason`; absent: no catalogue has it, the text is shown. */
  readonly key?: string;
  /** What stands in it, for `__a__` and `__b__`. */
  readonly a?: string;
  readonly b?: string;
}

const pattern = (text: string) =>
  new RegExp(
    `^${text.replace(/[.()]/g, '\\$&').replaceAll('<number>', '(-?\\d+)').replaceAll('<any>', '(.*?)')}$`,
    's',
  );

/** Sentences of the plans and of what they are made from; a test compares them with the English catalogue. */
const SENTENCES: Readonly<Record<string, string>> = {
  createdBefore: 'created before, as <number>',
  leftOut: 'somebody chose to leave it out',
  noPlace: 'its business has no counterpart',
  leftWhole: 'a run that ended without an answer left it as <number>',
  leftHalf: 'a run that ended without an answer left it as <number>, half made',
  notThere: 'not there yet',
  triedBefore: 'tried before',
  nameTaken: 'its name is taken',
  setOfThisName: 'business <any> has an index set of this name, and no record says that it is this one',
  namesOfThisName: 'business <number> has collectors of this name, and of every other that was tried',
  unmapped: '<any> <any> has no counterpart in the target',
  ambiguous: '<any> <any> can mean several things',
  outOfRange: '<any> <any> is out-of-range',
  alreadyMapped: '<any> <any> is already-mapped',
  unreadable: '<any> <any> is unreadable',
  missing: '<any> <any> is missing',
  noBusiness: 'it has no business',
  notARecord: 'its record is not one of export.py: <any>',
  nodesNotUsable: 'its target nodes are not usable: <any>',
  cleanRule: 'its clean rule <any> is not in the documents: it is created as plain text',
  cutDescription: 'its description is cut at <number> characters',
  noIndex: 'it has no index',
  withCollector: 'index sets of scenario <any> come with their collector',
  noCluster: 'no cluster of the target stands for its own',
  noTimeField: 'it has no time field',
  noTimeUnit: 'its time is a number without a unit',
  namesTwice: 'it names <any> twice',
  roles: 'BK-LOG discards the roles that may see it',
  scenario: 'it cannot be created through the API: <any>',
  noStep: 'nothing says what it reads: <any>',
  notUsable: 'its step is not usable: <any>',
  removable: 'created by this run',
  removableLost: 'created by this run, which never got the answer',
  halfMade: 'this run left it half made',
  gone: 'it is not there any more',
  neverMade: 'BK-LOG was asked for it, and has not created it',
  renamed: 'it is called <any> now: somebody has made it his own',
  strangers: 'creating it failed, and yet something of its name is there',
  /** Last: what stands there may be of any form. */
  stepLoss: 'its <any> <any>',
};
const PATTERNS = Object.entries(SENTENCES).map(([key, text]) => [key, pattern(text)] as const);

/** What a failed item was told may be of any form. */
const FAILED_BEFORE = /^failed before: (.*)$/s;

/** The parts of a reason, which the plan joins by semicolons. */
export function tellReason(reason: string): Told[] {
  const [, why] = FAILED_BEFORE.exec(reason) ?? [];
  if (why !== undefined) return [{ text: reason, key: 'failedBefore', a: why }];
  return reason.split('; ').map(tellSentence);
}

export function tellSentence(text: string): Told {
  for (const [key, form] of PATTERNS) {
    const [matched, a, b] = form.exec(text) ?? [];
    if (matched !== undefined)
      return { text, key, ...(a === undefined ? {} : { a }), ...(b === undefined ? {} : { b }) };
  }
  return { text };
}
