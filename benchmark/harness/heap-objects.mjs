import v8 from 'node:v8';

/** Types of nodes of a heap snapshot that do not grow with sockets, such as compiled code. */
const OTHERS = new Set(['code', 'synthetic', 'native']);

/** Returns the content of the heap: `{name: bytes}`, by constructor or kind. */
export async function heapObjects() {
  globalThis.gc();
  const parts = [];
  for await (const part of v8.getHeapSnapshot()) parts.push(part);
  const {snapshot, nodes, strings} = JSON.parse(Buffer.concat(parts).toString());
  const {node_fields: fields, node_types: types} = snapshot.meta;
  const [type, name, size] = ['type', 'name', 'self_size'].map(one =>
    fields.indexOf(one),
  );
  const bytes = {};
  for (let at = 0; at < nodes.length; at += fields.length) {
    const kind = types[0][nodes[at + type]];
    if (OTHERS.has(kind)) continue;
    const label = kind === 'object' ? strings[nodes[at + name]] : `(${kind})`;
    bytes[label] = (bytes[label] ?? 0) + nodes[at + size];
  }
  return bytes;
}
