// How the two entries are built: inspector.html (shown by the app) and
// console.html (served by the server). The stand-in for the app's Rust side
// (tests/stand-in) has a page of its own that only the dev server knows, so it
// cannot get into a build.
import { fileURLToPath, URL } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  // Both hosts serve the files from their root; the console has deep addresses,
  // so paths must not be relative to the page.
  base: '/',
  plugins: [vue()],
  resolve: {
    alias: { '@': at('./src') },
  },
  define: {
    __VUE_OPTIONS_API__: 'true',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
    __INTLIFY_DROP_MESSAGE_COMPILER__: 'false',
  },
  clearScreen: false,
  server: {
    port: 5173,
    strictPort: true,
    proxy: {
      '/api': process.env.LIANJIAN_SERVER ?? 'http://127.0.0.1:8080',
    },
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: ['es2022', 'safari16.4', 'chrome109'],
    cssTarget: ['safari16.4', 'chrome109'],
    // A strict content policy forbids data: scripts and inline modules.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      input: { inspector: at('./inspector.html'), console: at('./console.html') },
    },
  },
  test: {
    // Pure logic needs no page; a test that does says so: @vitest-environment happy-dom.
    environment: 'node',
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
  },
})
