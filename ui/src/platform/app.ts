// The app's door outwards: commands of the Rust side, its one event, and the
// addresses of evidence. Everything that the inspector's screens learn or do
// goes through here; failures arrive as `AppFailure` with a closed code.
import { convertFileSrc, invoke } from '@tauri-apps/api/core'
import { listen } from '@tauri-apps/api/event'
import { commands as generated, type AppError, type Board, type ErrorCode } from './generated/app'

export type * from './generated/app'

/** Why a command did not work. The words are made from the code. */
export class AppFailure extends Error {
  constructor(
    readonly code: ErrorCode,
    readonly detail: string | null,
  ) {
    super(code)
    this.name = 'AppFailure'
  }
}

/** Any thrown thing as a failure; what is unknown is `internal`. */
export function failureOf(thrown: unknown): AppFailure {
  if (thrown instanceof AppFailure) return thrown
  if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && typeof thrown.code === 'string') {
    const { code, detail } = thrown as AppError
    return new AppFailure(code, detail ?? null)
  }
  return new AppFailure('internal', null)
}

type Answered<T> = { status: 'ok'; data: T } | { status: 'error'; error: AppError }
type Throwing<F> = F extends (...args: infer A) => Promise<Answered<infer T>> ? (...args: A) => Promise<T> : never
type Door = { [K in keyof typeof generated]: Throwing<(typeof generated)[K]> }

function throwing<A extends unknown[], T>(command: (...args: A) => Promise<Answered<T>>) {
  return async (...args: A): Promise<T> => {
    let answer: Answered<T>
    try {
      answer = await command(...args)
    } catch (thrown) {
      throw failureOf(thrown)
    }
    if (answer.status === 'error') throw failureOf(answer.error)
    return answer.data
  }
}

/** The commands, throwing `AppFailure` instead of answering with it. */
export const app = Object.fromEntries(
  Object.entries(generated).map(([name, command]) => [
    name,
    throwing(command as (...args: unknown[]) => Promise<Answered<unknown>>),
  ]),
) as Door

/** Stores a file as evidence of a finding; the bytes travel as they are. */
export async function putEvidence(task: string, subject: string, file: File): Promise<Board> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  try {
    return await invoke<Board>('put_evidence', bytes, {
      headers: { task, subject, name: encodeURIComponent(file.name) },
    })
  } catch (thrown) {
    throw failureOf(thrown)
  }
}

/** Where the web view finds a file of this tablet, by its SHA-256. */
export function evidenceUrl(sha256: string): string {
  return convertFileSrc(sha256, 'evidence')
}

/** Calls back whenever something came in; answers with how to stop. */
export function onChanged(callback: () => void): Promise<() => void> {
  return listen('changed', () => callback())
}
