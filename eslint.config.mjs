import {createNodeResolver, flatConfigs} from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    // Peers are linted nowhere: their packages are installed apart.
    ignores: [
      '**/dist/',
      'dist-test/',
      'coverage/',
      '**/node_modules/',
      'benchmark/peers/',
      // Generated.
      'example/types/api.ts',
    ],
  },
  ...tseslint.configs.strictTypeChecked.map(config => ({
    ...config,
    files: ['**/*.{ts,mts}'],
  })),
  {
    files: ['**/*.{ts,mts}'],
    plugins: flatConfigs.typescript.plugins ?? {},
    languageOptions: {
      parserOptions: {
        project: [
          './tsconfig.json',
          './__tests__/tsconfig.json',
          './client/tsconfig.json',
          './client/tsconfig.command.json',
          './client/__tests__/tsconfig.json',
          './example/tsconfig.json',
          './example/types/tsconfig.json',
          './benchmark/servers/loopback/tsconfig.json',
        ],
        tsconfigRootDir: import.meta.dirname,
      },
    },
  },
  {
    files: ['src/**/*.ts', 'client/src/**/*.ts'],
    ...flatConfigs.typescript,
  },
  {
    files: ['src/**/*.ts', 'client/src/**/*.ts'],
    plugins: flatConfigs.recommended.plugins,
    settings: {
      'import-x/resolver-next': [
        createNodeResolver({extensions: ['.ts', '.d.ts', '.js']}),
      ],
      'import-x/parsers': {'@typescript-eslint/parser': ['.ts']},
    },
    rules: {
      'import-x/no-cycle': 'error',
      'import-x/no-extraneous-dependencies': ['error', {devDependencies: false}],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: '@loopback/context',
              message: 'Import it from @loopback/core, so that there is one copy.',
            },
            ...['@loopback/authentication', '@loopback/security'].map(name => ({
              name,
              message:
                'Applications need not have it: use its names, as src/context/security.ts.',
            })),
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.{ts,mts}'],
    rules: {
      '@typescript-eslint/consistent-type-imports': [
        'error',
        {fixStyle: 'separate-type-imports'},
      ],
      '@typescript-eslint/no-extraneous-class': ['error', {allowWithDecorator: true}],
      '@typescript-eslint/restrict-template-expressions': ['error', {allowNumber: true}],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        {ignoreArrowShorthand: true},
      ],
      '@typescript-eslint/no-unused-vars': ['error', {argsIgnorePattern: '^_'}],
    },
  },
  {
    // Much of what LoopBack and the peers ask for is asynchronous by type alone.
    files: ['benchmark/**/*.ts', 'example/**/*.ts'],
    rules: {'@typescript-eslint/require-await': 'off'},
  },
  {
    // The models and the application, which is made of mixins, are what they look like.
    files: ['example/**/*.ts', '__tests__/acceptance/example/**/*.ts'],
    rules: {'@typescript-eslint/no-unsafe-class-instance-assignment': 'off'},
  },
  {
    // Tests look at payloads of every shape, and declare parameters only to be seen by decorators.
    files: ['**/__tests__/**/*.{ts,mts}'],
    rules: {
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            {from: 'package', name: ['it', 'describe', 'test'], package: 'node:test'},
          ],
        },
      ],
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unused-vars': 'off',
      '@typescript-eslint/no-useless-constructor': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
    },
  },
);
