// The build that compiles templates in the page.
export { createApp, ref } from 'vue/dist/vue.esm-bundler.js';
