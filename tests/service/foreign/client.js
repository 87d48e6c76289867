// The foreign clients' one script, on @grpc/grpc-js. See test_foreign.py for what it must print.
'use strict';
const [target, proto, ca, certificate, key, agency, tag] = process.argv.slice(2);
const fs = require('fs'), crypto = require('crypto');
const grpc = require('@grpc/grpc-js'), loader = require('@grpc/proto-loader');

const definition = loader.loadSync(
  ['radioshop/v1/asset.proto', 'grpc/health/v1/health.proto', 'google/rpc/status.proto', 'google/rpc/error_details.proto'],
  {includeDirs: [proto, '/usr/include'], enums: String});
const types = grpc.loadPackageDefinition(definition);
const read = path => path ? fs.readFileSync(path) : null;
const credentials = grpc.credentials.createSsl(read(ca), read(key), read(certificate));
const assets = new types.radioshop.v1.AssetService(target, credentials);
const health = new types.grpc.health.v1.Health(target, credentials);

const call = (method, request, seconds = 10) => new Promise((resolve, reject) =>
  assets[method](request, {deadline: Date.now() + seconds * 1000}, (error, reply) => error ? reject(error) : resolve(reply)));

// The details of a refusal are messages that no method has: protobufjs reads them by itself.
const protobuf = require('protobufjs');
const root = new protobuf.Root();
root.resolvePath = (_, path) => fs.existsSync(`${proto}/${path}`) ? `${proto}/${path}` : `/usr/include/${path}`;
root.loadSync(['google/rpc/status.proto', 'google/rpc/error_details.proto']);
function field(error) {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  if (!bytes) return '';
  for (const detail of root.lookupType('google.rpc.Status').decode(bytes).details)
    if (detail.type_url.endsWith('/google.rpc.BadRequest'))
      return root.lookupType('google.rpc.BadRequest').decode(detail.value).fieldViolations[0].field;
  return '';
}
const status = async promise => promise.then(() => ['OK'], error => [grpc.status[error.code], field(error)]);

async function main() {
  const [first] = await status(call('getAsset', {asset: `${agency}:${tag}`}));
  if (first !== 'OK') return console.log('refused', first);
  console.log('read', (await call('getAsset', {asset: `${agency}:${tag}`})).asset.serial);
  console.log('missing', ...await status(call('getAsset', {asset: 'no-such'})));
  const create = {requestId: crypto.randomUUID(), asset: {agency, tag: 'FOREIGN', model: 'H98UCF9PW6BN'}};
  const ids = [await call('createAsset', create), await call('createAsset', create)].map(reply => reply.asset.id);
  console.log('created', ids[0] === ids[1] ? 'once' : 'twice');
  const tags = [];
  for await (const reply of assets.exportAssets({agency})) tags.push(reply.asset.tag);
  console.log('exported', ...tags);
  console.log('late', (await status(call('getAsset', {asset: tag}, -1)))[0]);
  const watch = health.watch({service: 'radioshop.v1.AssetService'});
  await new Promise(resolve => {
    watch.on('data', reply => { console.log('watched', reply.status); watch.cancel(); });
    watch.on('error', error => { console.log('cancelled', grpc.status[error.code]); resolve(); });
  });
}
main().then(() => { assets.close(); health.close(); });
