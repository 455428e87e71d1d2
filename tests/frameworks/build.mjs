// Bundles the frameworks our behaviour pages use into the folder given, one ES module each: `node build.mjs FOLDER`.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const folder = process.argv[2];
if (!folder) throw new Error('usage: node build.mjs FOLDER');

await build({
  entryPoints: ['react.js', 'vue.js', 'lit.js', 'editors.js', 'dragging.js'].map((name) => fileURLToPath(new URL(name, import.meta.url))),
  outdir: folder,
  bundle: true,
  format: 'esm',
  minify: true,
  legalComments: 'none',
  define: {
    'process.env.NODE_ENV': '"production"',
    __VUE_OPTIONS_API__: 'true',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
  },
});
