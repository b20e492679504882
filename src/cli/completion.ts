/** Shell completion, generated from the commands themselves. Pure text. */
import type { Command } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

interface Entry {
  readonly name: string;
  readonly description: string;
  readonly options: readonly {
    readonly flags: readonly string[];
    readonly description: string;
    readonly takesValue: boolean;
  }[];
}

function entriesOf(program: Command): readonly Entry[] {
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    options: command.options
      .filter((option) => !option.hidden)
      .map((option) => ({
        flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
        description: option.description,
        takesValue: option.required || option.optional,
      })),
  }));
}

/** The script that `source` or the shell's completion folder takes. */
export function completionScript(shell: Shell, program: Command): string {
  const entries = entriesOf(program);
  return { bash, zsh, fish }[shell](entries);
}

function bash(entries: readonly Entry[]): string {
  const cases = entries
    .map(({ name, options }) => `    ${name}) words="${options.flatMap(({ flags }) => flags).join(' ')}" ;;`)
    .join('\n');
  return `# bash completion for tsray: source <(tsray completion bash)
_tsray() {
  local current=\${COMP_WORDS[COMP_CWORD]} words
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${entries.map(({ name }) => name).join(' ')} help" -- "$current"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases}
    *) words="" ;;
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _tsray tsray
`;
}

function quoted(text: string): string {
  return text.replaceAll("'", "'\\''");
}

function zsh(entries: readonly Entry[]): string {
  const commands = entries
    .map(({ name, description }) => `    '${name}:${quoted(description).replaceAll(':', '\\:')}'`)
    .join('\n');
  const cases = entries
    .map(({ name, options }) => {
      const specs = options.flatMap(({ flags, description, takesValue }) =>
        flags.map((flag) => {
          const text = quoted(description).replace(/[[\]:]/g, '\\$&');
          return `'${flag}[${text}]${takesValue ? ':value:_files' : ''}'`;
        }),
      );
      return `    ${name}) _arguments ${[...specs, "'*:file:_files'"].join(' ')} ;;`;
    })
    .join('\n');
  return `#compdef tsray
# zsh completion for tsray: tsray completion zsh > "\${fpath[1]}/_tsray"
_tsray() {
  local -a commands
  commands=(
${commands}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local name=$words[2]
  shift words
  (( CURRENT-- ))
  case $name in
${cases}
  esac
}
_tsray "$@"
`;
}

function fish(entries: readonly Entry[]): string {
  const lines = entries.flatMap(({ name, description, options }) => [
    `complete -c tsray -n __fish_use_subcommand -a ${name} -d '${quoted(description)}'`,
    ...options.map(({ flags, description: text, takesValue }) => {
      const names = flags.map((flag) =>
        flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
      );
      const value = takesValue ? ' -r' : '';
      return `complete -c tsray -n '__fish_seen_subcommand_from ${name}' ${names.join(' ')}${value} -d '${quoted(text)}'`;
    }),
  ]);
  return `# fish completion for tsray: tsray completion fish | source\n${lines.join('\n')}\n`;
}
