export const USAGE = `bklog-backup: back up BK-LOG's databases and prove that the backup is good

  backup --config F --location URL   export, pack, store, seal, verify at "intact"
      [--section S]...               sections of the config file; default all of them
      [--tables a,b | --all-tables]  default BK-LOG's core tables; db.table where a name is in two databases
      [--contents tables,collectors] default tables; collectors: the documents that "export" writes, in the set
      [--name N] [--app A]           parts of the archive's name; default "core", "bk_log_search"
      [--parallel N] [--level N]     reading connections (2), gzip level (1)
  list   --location URL              sealed sets, newest first
  verify SET|FILE [--location URL]   FILE: an archive or any .json table file
      [--level present|intact|readable|restorable]   default intact
      [--config F [--section S]]     restorable: the server to restore into, in scratch schemas that are dropped
      [--rules FILE]                 content rules of your own, JSON; cells are checked from "readable" on
      [--accept]                     what is suspicious about SET is right: write that down, pruning goes on
  export --config F [--out DIR]
      log_databus_collectorconfig.json and log_search_logindexset.json as export.py writes them, from the sections
      bk_nodeman and bk_log_search; default the current folder
  migrate -e ENV -c FILE -i FILE --api URL [--dry-run [--json]] [--confirm HASH] [--retry-failed]
      collectors and index sets of export.py's documents into the BK-LOG behind the API gateway; run it as often as you like
      [-b BIZ] [--collector_config_id_list 1,2] [--index_set_id_list 1,2]   by ids of the source
      [--mysql_host H --mysql_port P --mysql_user U --mysql_db D]  where records and environment tables are; MYSQL_PWD
      [--env_offset_table T] [--env_biz_map_table T] [--bk_log_search_resource_mapping_table T]
      [--map FILE]                   an id map as JSON instead of the environment tables
      [-s CLUSTER] [--clusters 15=4,*=6]   of collectors; of index sets of third-party clusters
      [--concurrency N] [--rate N]   calls at a time (4), calls a second (no limit)
      BKLOG_APP_CODE and BKLOG_APP_SECRET, or BKLOG_ACCESS_TOKEN; BKLOG_USER, BKLOG_TENANT
  migrate -e ENV --undo RUN --api URL [--mysql_...] [--dry-run [--json]] [--confirm HASH]
      remove what a run created, and nothing else; RUN may be "latest"
  restore SET --location URL --config F [--section S]
      into that section's server: load beside the databases, compare, then move into place by one statement
      [--dry-run [--diff]]           say what would happen; with --diff what would become of each row
      [--plan FILE]                  instead of SET: carry out a plan saved from --dry-run --json, if nothing moved since
      [--policy swap|fail|replace|skip]   tables that are there: make place and are kept (default), stop the restore,
                                     make place and are dropped, or stay and get the rows whose key they lack
      [--databases a,b] [--tables a,b] [--where "column = value"]   a part of the set; --where with skip or fail
      [--database NAME]              another name, for one database
      [--map FILE]                   rows of BK-LOG into the tables of another BK-LOG, with ids mapped by an id map;
                                     with --policy skip (what has no room is left out and told) or fail (it stops the restore)
      [--drop-definers]              views, triggers, routines and events belong to the restoring account
      [--patience SECONDS]           without progress, until the running statement is told; default 60
  restore --undo SET | --discard SET --config F [--section S] [--dry-run]
      bring back what a restore replaced, or drop it; SET may be "latest"
  prune  --location URL [--dry-run]  keep by policy, remove the rest
      [--keep-days N] [--failed-days N] [--keep-last N]
      [--keep-daily N] [--keep-weekly N] [--keep-monthly N]

  clean-exports --config F --folder DIR [--apply]
      BK-LOG's own export files: what its job of 03:00 is meant to do. Without --apply: says of every task what would be done
      [--section S]                  of BK-LOG's database; default bk_log_search
      [--keep-days N]                files stay N days after their task was created; default 2
      [--require-mount]              refuse a folder that is not a mount point
      [--accept-missing]             files that are not there have gone, although nothing says that DIR is their folder

  URL   a folder, or file:///folder
        s3://BUCKET/PREFIX[?region=R&endpoint=URL&addressing=path|virtual&ca=FILE]   AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
        cos://BUCKET-APPID/PREFIX?region=R                                           COS_SECRET_ID, COS_SECRET_KEY
        bkrepo://HOST/PROJECT/REPOSITORY/FOLDER[?ca=FILE&insecure=1&expire-days=N]   BKREPO_USERNAME, BKREPO_PASSWORD
  SET   a set id, an archive name, or "latest"

  --json          one report object on standard output; progress goes to standard error
  --time-zone Z   for names and for where a day ends; default the host's
  --work DIR      work directory and run journal; default $XDG_STATE_HOME/bklog-backup
  --help, --version

  Exit status: 0 completed, 2 completed with findings, 1 failed, 64 usage.
  Config file: YAML as for export.py, a section per database: db host port user password charset ssl;
  \${NAME} in a value is read from the environment.
`;
