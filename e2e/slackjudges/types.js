// Judges payloads by the types of npm's @slack/types: unknown properties, wrong types, words that are none of an enumeration.
// Blind to lengths and counts. Prints a line for each fault: the payload's name, a tab, and what is wrong.
const fs = require('fs');
const path = require('path');
const Ajv = require('ajv').default;
const { createGenerator } = require('ts-json-schema-generator');

const ajv = new Ajv({ allErrors: true, strict: false, logger: false });

function schema(type) {
  return createGenerator({ path: path.join(__dirname, 'types.ts'), tsconfig: path.join(__dirname, 'tsconfig.json'), type,
    skipTypeCheck: true }).createSchema(type);
}

const blocks = schema('Blocks');
const modal = ajv.compile(schema('Modal'));
const home = ajv.compile(schema('Home'));
const meta = ajv.compile(schema('Meta'));

// Each kind of block by itself: of a union of all kinds nobody could read what is wrong.
const byType = {};
for (const [name, definition] of Object.entries(blocks.definitions)) {
  const type = definition.properties && definition.properties.type && definition.properties.type.const;
  if (type && /Block$/.test(name)) {
    byType[type] = ajv.compile({ $ref: '#/definitions/' + encodeURIComponent(name), definitions: blocks.definitions });
  }
}

function faults(validate, value, what) {
  return validate(value) ? [] : validate.errors.map((e) => `${what}${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);
}

function ofBlocks(all) {
  const out = [];
  for (const b of all || []) {
    const validate = byType[b.type];
    out.push(...(validate ? faults(validate, b, b.type) : [`there is no block ${b.type}`]));
  }
  return out;
}

function judge({ kind, payload }) {
  if (kind === 'message' || kind === 'ack') {
    return ofBlocks(payload.blocks).concat(payload.metadata ? faults(meta, payload.metadata, 'metadata') : []);
  }
  const view = kind === 'modal' || kind === 'home' ? payload : payload.view;
  return view ? ofBlocks(view.blocks).concat(faults(kind === 'home' ? home : modal, { ...view, blocks: [] }, 'view')) : [];
}

for (const line of fs.readFileSync(process.argv[2], 'utf8').split('\n')) {
  if (!line) continue;
  const p = JSON.parse(line);
  for (const fault of judge(p)) console.log(`${p.name}\t${fault}`);
}
