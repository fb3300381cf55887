export interface NetworkTrouble {
  readonly remedy?: string;
  /** Trying again at once can help. */
  readonly isPassing?: boolean;
}

const TLS = /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|ERR_TLS_|ERR_SSL_|EPROTO)/;
const NOBODY = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH'];
const PASSING = [
  ...['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'ECONNABORTED', 'HPE_INVALID_CONSTANT', 'HPE_INVALID_EOF_STATE'],
  // Names that the S3 client gives.
  ...['TimeoutError', 'RequestTimeout', 'IncompleteBody'],
];

/** What a system or TLS error code means for a store. */
export function networkTrouble(code: string): NetworkTrouble | undefined {
  if (TLS.test(code))
    return { remedy: 'Name the CA that signed the certificate of the server, or correct the address.' };
  if (NOBODY.includes(code)) return { remedy: 'Check address, name service and firewall, and that the server runs.' };
  return PASSING.includes(code) ? { isPassing: true } : undefined;
}
