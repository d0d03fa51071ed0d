// Prints what another reader finds in a safetensors file: metadata, and tensors as bits.
import { readFileSync } from "node:fs";
import { safetensors } from "@jax-js/loaders";

const file = safetensors.parse(new Uint8Array(readFileSync(process.argv[2])));
const tensors = {};
for (const [name, { dtype, shape, data }] of Object.entries(file.tensors)) {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  tensors[name] = { dtype, shape, hex: bytes.toString("hex") };
}
process.stdout.write(JSON.stringify({ metadata: file.metadata, tensors }));
