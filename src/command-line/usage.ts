export const USAGE = `bklog-backup: back up BK-LOG's databases and prove that the backup is good

  backup --config F --location URL   export, pack, store, seal, verify at "intact"
      [--section S]...               sections of the config file; default all of them
      [--tables a,b | --all-tables]  default BK-LOG's core tables; db.table where a name is in two databases
      [--name N] [--app A]           parts of the archive's name; default "core", "bk_log_search"
      [--parallel N] [--level N]     reading connections (2), gzip level (1)
  list   --location URL              sealed sets, newest first
  verify SET|FILE [--location URL]   FILE: an archive or any .json table file
      [--level present|intact|readable|restorable]   default intact
      [--config F [--section S]]     restorable: the server to restore into, in scratch schemas that are dropped
  restore SET --location URL --config F [--section S] [--dry-run]
      into that section's server, which must have none of the set's tables; load, compare, then move into place
      [--database NAME]              another name, for a set of one database
      [--drop-definers]              views, triggers, routines and events belong to the restoring account
  prune  --location URL [--dry-run]  keep by policy, remove the rest
      [--keep-days N] [--failed-days N] [--keep-last N]
      [--keep-daily N] [--keep-weekly N] [--keep-monthly N]

  URL   a folder, or file:///folder
  SET   a set id, an archive name, or "latest"

  --json          one report object on standard output; progress goes to standard error
  --time-zone Z   for names and for where a day ends; default the host's
  --work DIR      work directory and run journal; default $XDG_STATE_HOME/bklog-backup
  --help, --version

  Exit status: 0 completed, 2 completed with findings, 1 failed, 64 usage.
  Config file: YAML as for export.py, a section per database: db host port user password charset ssl;
  \${NAME} in a value is read from the environment.
`;
