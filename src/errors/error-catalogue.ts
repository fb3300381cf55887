/** Whether trying again can help: at once, after somebody or something changed, or never without a change of input. */
export type RetryClass = 'now' | 'later' | 'never';

interface CatalogueEntry {
  readonly meaning: string;
  readonly retry: RetryClass;
  /** What to do when the place of birth has nothing more exact to say. */
  readonly remedy: string;
}

/** Every way an operation can fail. A new code needs a row in docs/operations.md; a test compares the two. */
export const ERROR_CATALOGUE = {
  OP_CONFIG_INVALID: {
    meaning: 'a setting, a message, a command line or a config file is wrong or incomplete',
    retry: 'never',
    remedy: 'Correct the named field; the details list what is accepted.',
  },
  OP_SOURCE_UNREACHABLE: {
    meaning: 'no connection to the database server',
    retry: 'later',
    remedy: 'Check host, port, firewall and TLS settings, and that the server runs.',
  },
  OP_SOURCE_DENIED: {
    meaning: 'the server refuses the user, the password or a privilege',
    retry: 'never',
    remedy: 'Correct user and password, or run the GRANT named in the details.',
  },
  OP_SOURCE_LOST: {
    meaning: 'the connection ended or the query was killed before the last row',
    retry: 'later',
    remedy: 'Look into the server log; raise net_write_timeout if the store was slow; run again.',
  },
  OP_SOURCE_MISSING: {
    meaning: 'a database or a table does not exist',
    retry: 'never',
    remedy: 'Correct the name, or take the table out of the selection.',
  },
  OP_SNAPSHOT_REFUSED: {
    meaning: 'one consistent read view of all chosen tables is not possible',
    retry: 'never',
    remedy: 'Convert the named tables to InnoDB, exclude them, or grant the named privilege.',
  },
  OP_SCHEMA_CHANGED: {
    meaning: 'a table was altered, truncated or dropped while it was being exported',
    retry: 'now',
    remedy: 'Run again when no schema change is under way.',
  },
  OP_VALUE_UNSUPPORTED: {
    meaning: 'a column holds something that cannot be written exactly',
    retry: 'never',
    remedy: 'Exclude the named table, or repair the named column.',
  },
  OP_STORE_UNREACHABLE: {
    meaning: 'the location cannot be reached',
    retry: 'later',
    remedy: 'Check that the folder is mounted or the endpoint answers.',
  },
  OP_STORE_DENIED: {
    meaning: 'the location refuses reading, writing or deleting',
    retry: 'never',
    remedy: 'Give the user of this process the right to read and write there.',
  },
  OP_STORE_FULL: {
    meaning: 'no space left where bytes have to be written',
    retry: 'never',
    remedy: 'Free the space named in the details, or prune older sets, and run again.',
  },
  OP_OBJECT_HELD: {
    meaning: 'the location keeps an object from being removed for now',
    retry: 'later',
    remedy: 'Wait until the moment in the details, or lift the lock in the store; nothing was removed.',
  },
  OP_OBJECT_EXISTS: {
    meaning: 'an object of that name is there already; objects are written once',
    retry: 'never',
    remedy: 'Choose another name; nothing was overwritten.',
  },
  OP_SET_UNKNOWN: {
    meaning: 'no sealed set of that name is in the location',
    retry: 'never',
    remedy: 'List the location and name one of its sets, or "latest".',
  },
  OP_MANIFEST_MISSING: {
    meaning: 'an archive or folder was never sealed',
    retry: 'never',
    remedy: 'This is not a backup set; take a new one and let retention remove the remains.',
  },
  OP_MANIFEST_INVALID: {
    meaning: 'a manifest is damaged or not one of ours',
    retry: 'never',
    remedy: 'Do not use this set; verify the next older one.',
  },
  OP_FORMAT_TOO_NEW: {
    meaning: 'written by a newer release',
    retry: 'never',
    remedy: 'Install at least the version named in the details.',
  },
  OP_ARCHIVE_MISSING: {
    meaning: 'a manifest names an archive or a file that is not there',
    retry: 'never',
    remedy: 'Do not restore from this set; use the next older verified one.',
  },
  OP_ARCHIVE_TRUNCATED: {
    meaning: 'an archive or a file ends before its announced end',
    retry: 'never',
    remedy: 'Do not restore from this set; use the next older verified one.',
  },
  OP_ARCHIVE_CORRUPT: {
    meaning: 'content differs from what the manifest announces',
    retry: 'never',
    remedy: 'Do not restore from this set; use the next older verified one, and check the storage.',
  },
  OP_CONTENT_SUSPICIOUS: {
    meaning: 'the set holds what the source had, but that breaks a content rule',
    retry: 'never',
    remedy: 'Look at the source; if it is right, accept the set with verify SET --accept or msg.accept.',
  },
  OP_RESTORE_REFUSED: {
    meaning: 'the target does not take a definition or the rows of a set',
    retry: 'never',
    remedy: 'Restore into a server of the version in the manifest, or leave out the named object.',
  },
  OP_RESTORE_DIFFERS: {
    meaning: 'a restored table does not hold what the set holds',
    retry: 'never',
    remedy:
      'Do not use the restored table; compare version, character set and sql_mode of the target with the manifest.',
  },
  OP_NAME_AMBIGUOUS: {
    meaning: 'a restored definition may still say the old name of a renamed database',
    retry: 'never',
    remedy: 'Look at the named object: where it means the database, create it again with the new name.',
  },
  OP_ID_UNMAPPED: {
    meaning: 'a record names an id that has no counterpart in the target',
    retry: 'never',
    remedy: 'Map the ids that output 2 names, or let the node skip them.',
  },
  OP_API_UNREACHABLE: {
    meaning: "BK-LOG's API gateway does not answer",
    retry: 'later',
    remedy: 'Check the address with gateway name and stage, the firewall and TLS settings.',
  },
  OP_API_DENIED: {
    meaning: 'the API gateway or BK-LOG refuses the app, the user or a permission',
    retry: 'never',
    remedy: 'Correct app code and secret, grant the app the resource, or the user the permission named in the message.',
  },
  OP_API_BUSY: {
    meaning: 'the API gateway asks to call later',
    retry: 'later',
    remedy: 'Run again later, or lower the number of calls at a time.',
  },
  OP_API_REFUSED: {
    meaning: 'BK-LOG refuses what it was asked for',
    retry: 'never',
    remedy: 'Correct what the message names; nothing was created.',
  },
  OP_API_UNCERTAIN: {
    meaning: 'BK-LOG was asked to change something, and no answer says whether it did',
    retry: 'now',
    remedy: 'Run again: what was created is looked up by its name and not created twice.',
  },
  OP_API_ANSWER_INVALID: {
    meaning: 'an answer is not of the form that BK-LOG has',
    retry: 'later',
    remedy: 'Check the address: a login page, a proxy or another service may be answering.',
  },
  OP_RETENTION_UNSAFE: {
    meaning: 'carrying out the plan would remove the last set that is proven',
    retry: 'never',
    remedy: 'Verify a newer set first.',
  },
  OP_EXPORT_UNSAFE: {
    meaning: 'a row of the table of exports names something that is no file inside the folder',
    retry: 'never',
    remedy: 'Look at the row and at what it names; nothing of both was touched.',
  },
  OP_BUSY: {
    meaning: 'another run holds the location, or this node is still running',
    retry: 'later',
    remedy: 'Wait for the run named in the details, or abort it.',
  },
  OP_ABORTED: {
    meaning: 'stopped by a deploy, a cancel message, a signal or a deadline',
    retry: 'now',
    remedy: 'Nothing was sealed; it is safe to run again.',
  },
  OP_BUG: {
    meaning: 'an invariant of this package broke',
    retry: 'never',
    remedy: 'Report it with the run id and the stack.',
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;
export const ERROR_CODES = Object.keys(ERROR_CATALOGUE) as readonly ErrorCode[];
