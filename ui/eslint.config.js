// Lints, and the walls of the house: shared → features → views, and
// src/platform as the only door outwards.
import pluginVue from 'eslint-plugin-vue'
import tseslint from 'typescript-eslint'
import vueParser from 'vue-eslint-parser'

const outwards = ['@tauri-apps/*', '**/platform/generated/*']
const upFromShared = ['@/features/*', '@/views/*', '@/platform', '@/platform/*', '../**/features/*', '../**/views/*']

const walls = (group, message) => ({
  'no-restricted-imports': ['error', { patterns: [{ group, message }] }],
})

const noNetwork = ['fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource'].map((name) => ({
  name,
  message: 'Only src/platform talks to the outside.',
}))

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'src/platform/generated/**', 'look/**'] },
  ...tseslint.configs.strict,
  ...tseslint.configs.stylistic,
  ...pluginVue.configs['flat/recommended'],
  {
    files: ['**/*.vue'],
    languageOptions: { parser: vueParser, parserOptions: { parser: tseslint.parser, sourceType: 'module' } },
  },
  {
    rules: {
      'no-eval': 'error',
      'no-new-func': 'error',
      'no-console': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      'vue/multi-word-component-names': 'off',
      'vue/no-v-html': 'error',
      // Layout of templates is a matter of taste; meaning is not.
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/attributes-order': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/require-default-prop': 'off',
    },
  },
  {
    files: ['src/shared/**'],
    rules: {
      ...walls([...outwards, ...upFromShared], 'shared knows no feature, no view and no platform.'),
      'no-restricted-globals': ['error', ...noNetwork],
    },
  },
  {
    files: ['src/features/**'],
    rules: {
      ...walls([...outwards, '@/views/*', '../**/views/*'], 'features know no view; src/platform is the door outwards.'),
      'no-restricted-globals': ['error', ...noNetwork],
    },
  },
  {
    files: ['src/views/**'],
    rules: {
      ...walls(outwards, 'src/platform is the door outwards.'),
      'no-restricted-globals': ['error', ...noNetwork],
    },
  },
  {
    files: ['src/platform/**'],
    rules: walls(['@/features/*', '@/views/*'], 'platform knows no feature and no view.'),
  },
  { files: ['tests/**', '*.config.*'], rules: { 'no-console': 'off', '@typescript-eslint/no-non-null-assertion': 'off' } },
)
