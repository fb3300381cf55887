/** The subject of a call, as the gateway hands it to BK-LOG. */
export interface Caller {
  readonly app: string;
  /** Empty when neither the header nor the token names a user. */
  readonly user: string;
  readonly tenant?: string;
}

/** A call that passed the gateway. */
export interface Call {
  readonly caller: Caller;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** The number in the path, where the resource has one. */
  readonly id: number;
  /** M21: the subscription fails after the collector's row and data id were made. */
  readonly failsAtSubscription: boolean;
}
