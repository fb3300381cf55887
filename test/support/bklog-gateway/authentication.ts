import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { Caller } from './call';
import { gatewayFailure, invalidArguments, refuse } from './envelope';

export interface GatewayApp {
  readonly bk_app_code: string;
  readonly bk_app_secret: string;
  /** Resources the app was granted, as "POST /index_set/". Default all. */
  readonly resources?: readonly string[];
  /** Where multi-tenancy is on: the app's tenant, or "all". Default "default". */
  readonly tenant?: string;
}

/** Without a user it is an application's token. */
export interface GatewayToken {
  readonly access_token: string;
  readonly bk_app_code: string;
  readonly bk_username?: string;
}

export interface Credentials {
  readonly apps: readonly GatewayApp[];
  readonly tokens: readonly GatewayToken[];
  readonly isMultiTenant: boolean;
}

const authorizationSchema = z.object({
  bk_app_code: z.string().optional(),
  bk_app_secret: z.string().optional(),
  app_code: z.string().optional(),
  app_secret: z.string().optional(),
  bk_username: z.string().optional(),
  username: z.string().optional(),
  access_token: z.string().optional(),
});

/** 4.1: only the header counts; credentials in the query or the body are not looked at. */
export function authenticate(headers: IncomingHttpHeaders, resource: string, credentials: Credentials): Caller {
  const given = readAuthorization(headers['x-bkapi-authorization']);
  const token = credentials.tokens.find(({ access_token }) => access_token === given.access_token);
  // A token that is not valid falls back to code and secret.
  const app = token
    ? credentials.apps.find(({ bk_app_code }) => bk_app_code === token.bk_app_code)
    : findApp(given.bk_app_code ?? given.app_code, given.bk_app_secret ?? given.app_secret, credentials);
  if (!app) return refuse(invalidArguments('app not found'));
  if (app.resources && !app.resources.includes(resource)) {
    return refuse(gatewayFailure(403, 1640301, 'APP_NO_PERMISSION', `App has no permission to the resource`));
  }
  const tenant = credentials.isMultiTenant ? tenantOf(app, headers['x-bk-tenant-id']) : undefined;
  const user = token?.bk_username ?? given.bk_username ?? given.username ?? '';
  return { app: app.bk_app_code, user, ...(tenant === undefined ? {} : { tenant }) };
}

function readAuthorization(header: string | string[] | undefined): z.output<typeof authorizationSchema> {
  if (header === undefined) return {};
  try {
    return authorizationSchema.parse(JSON.parse(String(header)));
  } catch {
    return refuse(invalidArguments('request header X-Bkapi-Authorization is not a valid JSON'));
  }
}

function findApp(code: string | undefined, secret: string | undefined, { apps }: Credentials): GatewayApp {
  if (!code) return refuse(invalidArguments('please provide bk_app_code to verify app'));
  if (!secret) return refuse(invalidArguments('please provide bk_app_secret or bk_signature to verify app'));
  const app = apps.find(({ bk_app_code }) => bk_app_code === code);
  if (!app) return refuse(invalidArguments('app not found'));
  if (app.bk_app_secret !== secret) return refuse(invalidArguments('bk_app_code or bk_app_secret is incorrect'));
  return app;
}

/** 4.1: an app of one tenant may omit the header but not name another one; an app of all tenants must name one. */
function tenantOf(app: GatewayApp, header: string | string[] | undefined): string {
  const own = app.tenant ?? 'default';
  const asked = header === undefined ? undefined : String(header);
  if (own === 'all') return asked ?? refuse(invalidArguments('please provide X-Bk-Tenant-Id'));
  if (asked !== undefined && asked !== own) {
    return refuse(gatewayFailure(403, 1640302, 'CROSS_TENANT_FORBIDDEN', 'Cross-tenant calls are forbidden'));
  }
  return own;
}
