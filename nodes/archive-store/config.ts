import type { NodeDef } from 'node-red';

/** What the form saves, with the form's defaults. */
export const DEFAULTS = {
  name: '',
  /** `store`: pack, store, seal; `list`: the sealed sets; `fetch`: copy one into a folder. */
  action: 'store',
  /** Id of an archive-location. */
  location: '',
  /** For `fetch`: a set id, an archive name or `latest`, of type `setType`. */
  set: 'latest',
  setType: 'str',
  /** For `fetch`: the folder that receives the archive and its manifest. */
  directory: '',
  version: 1,
};
export type ArchiveStoreConfig = NodeDef & typeof DEFAULTS;
