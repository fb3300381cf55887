/** Why a restore is not begun: about which object, and what to do. */
export interface Blocker {
  readonly object: string;
  readonly reason: string;
}
