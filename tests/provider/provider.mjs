// Two OpenID providers (a district each) for the tests of sign-in: oidc-provider as it comes, with its own pages for trying out.
// Reads its settings as one JSON line from standard input, answers with one on standard output, and lives until that input ends.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const { default: Provider } = await import(pathToFileURL(`${process.env.PACKAGES}/node_modules/oidc-provider/lib/index.js`));

function newKey() {
  const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
  return { ...jwk, use: 'sig', alg: 'RS256', kid: randomUUID() };
}

function configuration({ redirectUri, accounts, claimsInToken }) {
  return {
    clients: [{ client_id: 'jitt', client_secret: 'a secret of the tests', redirect_uris: [redirectUri] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: !claimsInToken, // true: the address is told by the userinfo endpoint only
    cookies: { keys: ['cookies of the tests'] },
    jwks: { keys: [newKey()] },
    pkce: { required: () => true },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }),
    async loadExistingGrant({ oidc }) { // a district asks nobody for consent
      const grant = new oidc.provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId });
      grant.addOIDCScope('openid email');
      await grant.save();
      return grant;
    },
  };
}

async function start(tls, settings) {
  const server = createServer(tls);
  await new Promise((done) => server.listen(settings.port, '127.0.0.1', done));
  const issuer = `https://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration(settings));
  server.on('request', provider.callback());
  return { issuer, port: server.address().port };
}

const lines = createInterface({ input: process.stdin });
lines.once('line', async (line) => {
  const { certificate, key, providers } = JSON.parse(line);
  const tls = { cert: readFileSync(certificate), key: readFileSync(key) };
  console.log(JSON.stringify(await Promise.all(providers.map((settings) => start(tls, settings)))));
});
lines.once('close', () => process.exit(0));
