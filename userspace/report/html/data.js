// SPDX-License-Identifier: GPL-2.0-or-later
// The data block: base64 of a zlib stream of a length, a JSON header, and columns (userspace/report/columns.hpp).

async function readData() {
  const node = byId("data");
  const bytes = await inflate(fromBase64(node.textContent.trim()));
  node.remove();
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  return { head, body: bytes.subarray(4 + length) };
}

function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; ++i) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A column of LEB128 numbers; signed ones are zigzag. */
function column(data, name, Type, signed) {
  const [offset, , count] = data.head.columns[name] || [0, 0, 0];
  const out = new Type(count);
  const bytes = data.body;
  let at = offset;
  for (let i = 0; i < count; ++i) {
    let byte = bytes[at++];
    let value = byte & 127;
    for (let scale = 128; byte >= 128; scale *= 128) {
      byte = bytes[at++];
      value += (byte & 127) * scale;
    }
    out[i] = !signed ? value : value % 2 ? -(value + 1) / 2 : value / 2;
  }
  return out;
}
