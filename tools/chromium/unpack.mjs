// Unpacks the browser and its libraries from the npm package into TMPDIR.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import chromium, { inflate } from "@sparticuz/chromium";

const main = createRequire(import.meta.url).resolve("@sparticuz/chromium");
await inflate(join(dirname(main), "..", "bin", "al2023.tar.br"));
console.log(await chromium.executablePath());
