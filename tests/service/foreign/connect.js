// Connect's own client for Node: every way it has to make a unary call, each told in one line.
//
//	connect.js URL CA CERTIFICATE KEY DESCRIPTOR_SET AGENCY TAG
'use strict';
const fs = require('node:fs');
const { randomUUID } = require('node:crypto');
const { createFileRegistry, fromBinary } = require('@bufbuild/protobuf');
const { FileDescriptorSetSchema } = require('@bufbuild/protobuf/wkt');
const { Code, ConnectError, createClient } = require('@connectrpc/connect');
const { compressionGzip, createConnectTransport } = require('@connectrpc/connect-node');

const [baseUrl, ca, cert, key, set, agency, tag] = process.argv.slice(2);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, fs.readFileSync(set)));
const nodeOptions = { ca: fs.readFileSync(ca), cert: fs.readFileSync(cert), key: fs.readFileSync(key) };

function client(service, options) {
  const transport = createConnectTransport({ baseUrl, httpVersion: '2', nodeOptions, ...options });
  return createClient(registry.getService(`radioshop.v1.${service}`), transport);
}

// What a call came to: the code, and the fields and the delay that the details name.
async function refusal(call) {
  try {
    await call;
    return 'not refused';
  } catch (error) {
    const e = ConnectError.from(error);
    const bad = e.findDetails(registry.getMessage('google.rpc.BadRequest')).flatMap((d) => d.fieldViolations.map((v) => v.field));
    return [Code[e.code], ...bad].join(' ');
  }
}

const ways = {
  json: { useBinaryFormat: false },
  proto: { useBinaryFormat: true },
  'json by GET': { useBinaryFormat: false, useHttpGet: true },
  'proto by GET': { useBinaryFormat: true, useHttpGet: true },
  compressed: { useBinaryFormat: false, sendCompression: compressionGzip, compressMinBytes: 0 },
  'compressed by GET': { useHttpGet: true, sendCompression: compressionGzip, compressMinBytes: 0 },
};

async function main() {
  for (const [name, options] of Object.entries(ways)) {
    const assets = client('AssetService', options);
    const { asset } = await assets.getAsset({ asset: `${agency}:${tag}` });
    const listed = await assets.listAssets({ agency, pageSize: 200 });
    const missing = await refusal(assets.getAsset({ asset: 'nosuch' }));
    console.log(`${name}: ${asset.tag} revision ${asset.revision} of ${listed.assets.length}, ${missing}`);
  }
  const tickets = client('TicketService', ways.json), requestId = randomUUID();
  const one = await tickets.openTicket({ requestId, asset: `${agency}:${tag}`, problem: 'from a page' });
  const again = await client('TicketService', ways.proto).openTicket({ requestId, asset: `${agency}:${tag}`, problem: 'from a page' });
  console.log(`opened ${one.ticket.number === again.ticket.number ? 'once' : 'twice'}`);
  console.log(await refusal(client('AgencyService', ways.json).createAgency({ requestId: randomUUID(), agency: { code: 'a b' } })));
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
