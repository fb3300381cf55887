// Runs one embedded Node-RED with this package in it: for the demo and for tests. Ends with its parent or on SIGTERM.
//   node scripts/node-red-host.mjs '{"userDir":…,"port":0,"nodeRed":<folder that has node-red installed>}'
// Prints one JSON line {"url":…} when the editor answers.
import http from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { userDir, port, nodeRed, credentialSecret, adminAuth } = JSON.parse(process.argv[2]);
const require = createRequire(join(nodeRed, 'package.json'));
const RED = require('node-red');
const express = createRequire(require.resolve('node-red'))('express');

const app = express();
const server = http.createServer(app);
RED.init(server, {
  userDir,
  flowFile: 'flows.json',
  credentialSecret,
  ...(adminAuth ? { adminAuth } : {}),
  httpAdminRoot: '/',
  httpNodeRoot: '/api',
  logging: { console: { level: process.env.BKLOG_BACKUP_DEMO_LOG ?? 'warn', metrics: false, audit: false } },
  telemetry: { enabled: false, updateNotification: false },
  editorTheme: { tours: false, projects: { enabled: false }, palette: { catalogues: [] } },
  externalModules: { autoInstall: false, palette: { allowInstall: false } },
});
app.use('/api', RED.httpNode);
app.use('/', RED.httpAdmin);

server.listen(port, '127.0.0.1', async () => {
  const started = new Promise((resolve) => RED.events.once('flows:started', resolve));
  await RED.start();
  await started;
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` })}\n`);
});
server.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});

async function stop() {
  await RED.stop();
  server.closeAllConnections();
  server.close();
  process.exit(0);
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.stdin.on('end', stop).resume(); // the parent is gone
