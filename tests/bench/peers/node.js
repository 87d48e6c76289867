#!/usr/bin/env node
/*
 * node.js: GetAsset with grpc-js and pg, to be measured beside radioshopd.
 *
 *   node.js PORT CA CERTIFICATE KEY DATABASE AGENCIES CONNECTIONS PROTO-DIR
 *
 * Mutual TLS, a pool of connections, a named prepared statement. It does less than radioshopd: who may see what is an argument
 * (AGENCIES), set once for each connection. The statement is read from standard input, with $1 for the code.
 */
"use strict";

const fs = require("fs");
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");
const { Pool, types } = require("pg");

const [port, ca, certificate, key, database, agencies, connections, protos] = process.argv.slice(2);
const statement = fs.readFileSync(0, "utf8");
const definition = loader.loadSync("radioshop/v1/asset.proto", { includeDirs: [protos, "/usr/include"], keepCase: true, longs: String });
const { AssetService } = grpc.loadPackageDefinition(definition).radioshop.v1;

const DATE = 1082;
types.setTypeParser(DATE, (text) => text);
// "host=… port=… dbname=… user=…", as libpq has it
const settings = Object.fromEntries(database.split(" ").map((pair) => pair.split("=")));
const pool = new Pool({
  host: settings.host, port: Number(settings.port), database: settings.dbname, user: settings.user, max: Number(connections),
  options: `-c radioshop.agencies=${agencies}`,
});

const enumName = (prefix, label) => `${prefix}_${label.toUpperCase()}`;
const timestamp = (micros) => ({ seconds: micros.slice(0, -6), nanos: Number(micros.slice(-6)) * 1000 });

async function getAsset(call, answer) {
  try {
    const { rows } = await pool.query({ name: "asset", text: statement, values: [call.request.asset] });
    const [{ refusal, ...asset }] = rows;
    if (refusal !== null) {
      answer({ code: grpc.status.NOT_FOUND, details: "no such asset" });
      return;
    }
    for (const name of Object.keys(asset)) if (asset[name] === null) delete asset[name];
    asset.class = enumName("EQUIPMENT_CLASS", asset.class);
    asset.status = enumName("ASSET_STATUS", asset.status);
    asset.created_at = timestamp(asset.created_at);
    asset.updated_at = timestamp(asset.updated_at);
    answer(null, { asset });
  } catch (error) {
    answer({ code: grpc.status.INTERNAL, details: error.message });
  }
}

const server = new grpc.Server();
server.addService(AssetService.service, { GetAsset: getAsset });
const pair = { private_key: fs.readFileSync(key), cert_chain: fs.readFileSync(certificate) };
server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createSsl(fs.readFileSync(ca), [pair], true), (error) => {
  if (error) throw error;
  console.log("ready");
});
