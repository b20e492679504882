{
  # Used only where the headers of the running Node are not beside it; see scripts/build-native.mjs.
  'targets': [
    {
      'target_name': 'tsray',
      'sources': ['<!@(node -p "require(\'fs\').readdirSync(\'src\').filter((name) => name.endsWith(\'.c\')).map((name) => \'src/\' + name).join(\' \')")'],
      'defines': ['NAPI_VERSION=8'],
      'cflags': ['-std=c11', '-O2', '-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=2', '-fvisibility=hidden', '-fstack-protector-strong'],
      'ldflags': ['-Wl,-z,now'],
      'xcode_settings': { 'OTHER_CFLAGS': ['-std=c11', '-O2', '-fvisibility=hidden'] },
    },
  ],
}
