import { Agent } from 'node:https';
import type { S3Client } from '@aws-sdk/client-s3';
import { OperationError } from '../errors/operation-error';
import type { S3Location } from '../model/s3-location';
import { agentTls } from './agent-tls';
import { storeTuning } from './store-tuning';

/** Only who uses S3 needs it: loaded with the first location that does. */
export type S3Sdk = typeof import('@aws-sdk/client-s3');

const CONNECT_MS = 10_000;
/** The first and three more, with growing pauses and jitter, for what the SDK calls passing. */
const ATTEMPTS = 4;

// Which releases of Node it takes stands in package.json; on standard error the hint would look like a failure.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

export async function loadPackage<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new OperationError('OP_CONFIG_INVALID', `S3 and COS need the package ${name}, which is not installed`, {
      cause,
      details: { package: name },
      remedy: `Run "npm install ${name}" where this package is installed (Node-RED: the user directory), and restart.`,
    });
  }
}

/** A client for one location. Errors: OP_CONFIG_INVALID for a CA that cannot be read. */
export async function createS3Client(sdk: S3Sdk, settings: S3Location): Promise<S3Client> {
  const { endpoint, region, accessKeyId, secretAccessKey, sessionToken, addressing, tls } = settings;
  const agent = tls ? { httpsAgent: new Agent({ keepAlive: true, maxSockets: 16, ...(await agentTls(tls)) }) } : {};
  return new sdk.S3Client({
    region,
    ...(endpoint ? { endpoint } : {}),
    forcePathStyle: addressing === 'path',
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
    maxAttempts: ATTEMPTS,
    // Content-MD5 and the signature over the payload, which every server knows, protect each request.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: storeTuning().silenceMs,
      throwOnRequestTimeout: true,
      ...agent,
    },
    // The SDK looks for profiles and regions in the home directory and in the environment otherwise.
    useArnRegion: false,
    followRegionRedirects: false,
    logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  });
}
