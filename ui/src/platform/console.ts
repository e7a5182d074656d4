// The console's only door to the server: every HTTP call of the desk, one
// function each, and the one error type they fail with. Deliberately absent:
// caching, polling and words for people (features and i18n have those), and
// anything of the app, which has a door of its own.

import type {
  Article,
  Board,
  CheckItemRow,
  CodeIssued,
  DepartmentRow,
  EnterpriseRow,
  HandOn,
  HistoryEntry,
  ImportPreview,
  Imported,
  InspectorRow,
  Me,
  NewParty,
  NewTask,
  Overview,
  PackReport,
  Page,
  QuarantineRow,
  Revoke,
  Risk,
  Settle,
  Status,
  TabletRow,
  TaskCard,
  TaskOpened,
} from './console-types'

/** Milliseconds after which an unanswered call counts as failed. */
const TIMEOUT_MS = 30_000

/** An upload may take longer: a big directory over a slow office line. */
const UPLOAD_TIMEOUT_MS = 180_000

/** A rescue pack is as large as a tablet: hours over a slow line. */
const PACK_TIMEOUT_MS = 6 * 3_600_000

/**
 * Why a call failed. `code` is the server's code, or one of the door's own:
 * `offline` (no answer), `timeout` (no answer in time), `unreadable` (an answer
 * that is not this server's).
 */
export class ConsoleError extends Error {
  readonly code: string
  /** HTTP status; 0 when there was no answer. */
  readonly status: number
  /** Names and numbers that belong into the words, such as the department. */
  readonly details: Readonly<Record<string, string>>

  constructor(
    code: string,
    status: number,
    message: string,
    details: Readonly<Record<string, string>> = {},
  ) {
    super(message)
    this.name = 'ConsoleError'
    this.code = code
    this.status = status
    this.details = details
  }
}

/** Whatever was thrown, as a ConsoleError. */
export function asConsoleError(thrown: unknown): ConsoleError {
  if (thrown instanceof ConsoleError) return thrown
  return new ConsoleError('unexpected', 0, thrown instanceof Error ? thrown.message : '')
}

/** What the server's error body says; anything else is `unreadable`. */
export function errorFromBody(status: number, body: unknown): ConsoleError {
  const detail =
    typeof body === 'object' && body !== null ? (body as { error?: unknown }).error : undefined
  if (typeof detail !== 'object' || detail === null) {
    return new ConsoleError(status === 401 ? 'not_signed_in' : 'unreadable', status, '')
  }
  const { code, message, fields } = detail as {
    code?: unknown
    message?: unknown
    fields?: unknown
  }
  const details: Record<string, string> = {}
  if (typeof fields === 'object' && fields !== null) {
    for (const [name, value] of Object.entries(fields)) {
      details[name] = Array.isArray(value) ? value.join('、') : String(value)
    }
  }
  return new ConsoleError(
    typeof code === 'string' ? code : 'unreadable',
    status,
    typeof message === 'string' ? message : '',
    details,
  )
}

type QueryValue = string | number | boolean | readonly string[] | null | undefined

/** A query string without its empty parts; lists are joined by commas. */
export function queryString(values: Readonly<Record<string, QueryValue>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined || value === '') continue
    const text = typeof value === 'object' ? value.join(',') : String(value)
    if (text !== '') query.set(name, text)
  }
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

let whenSignedOut: () => void = () => undefined

/** Called whenever the server says that nobody is signed in any more. */
export function onSignedOut(listener: () => void): void {
  whenSignedOut = listener
}

async function answerOf(path: string, init: RequestInit, timeoutMs: number): Promise<Response> {
  const headers = new Headers(init.headers)
  headers.set('Accept', 'application/json')
  if (init.method !== undefined && init.method !== 'GET') headers.set('X-Lianjian', '1')
  try {
    return await fetch(path, {
      ...init,
      headers,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.timeout(timeoutMs),
    })
  } catch (thrown) {
    const name = thrown instanceof DOMException ? thrown.name : ''
    throw new ConsoleError(name === 'TimeoutError' ? 'timeout' : 'offline', 0, '')
  }
}

/** The body as JSON; `undefined` when it is empty or no JSON. */
async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text().catch(() => '')
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown)
  } catch {
    return undefined
  }
}

async function call<Result>(
  path: string,
  init: RequestInit = {},
  timeoutMs = TIMEOUT_MS,
): Promise<Result> {
  const response = await answerOf(path, init, timeoutMs)
  const body = await bodyOf(response)
  if (!response.ok) {
    const error = errorFromBody(response.status, body)
    if (response.status === 401 && path !== '/api/session') whenSignedOut()
    throw error
  }
  // A command may be answered without a body; a question may not.
  if (body === undefined && init.method === undefined) {
    throw new ConsoleError('unreadable', response.status, '')
  }
  return body as Result
}

function send<Result>(method: 'POST' | 'DELETE', path: string, body?: unknown): Promise<Result> {
  if (body === undefined) return call<Result>(path, { method })
  return call<Result>(path, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
}

const at = encodeURIComponent

/** The account that is signed in; `null` when there is none. */
export async function session(): Promise<Me | null> {
  try {
    return await call<Me>('/api/session')
  } catch (thrown) {
    if (thrown instanceof ConsoleError && thrown.status === 401) return null
    throw thrown
  }
}

export const signIn = (account: string, password: string): Promise<Me> =>
  send<Me>('POST', '/api/session', { account, password })

export const signOut = (): Promise<unknown> => send('DELETE', '/api/session')

export const overview = (): Promise<Overview> => call('/api/overview')

export interface EnterpriseQuery {
  q?: string
  risk?: Risk | ''
  /** From 0. */
  page?: number
  size?: number
}

export const enterprises = (query: EnterpriseQuery): Promise<Page<EnterpriseRow>> =>
  call(`/api/enterprises${queryString({ ...query })}`)

export const departments = (): Promise<DepartmentRow[]> => call('/api/departments')

/** The people of a department; `on` is the day their certificates are judged on, today without it. */
export const inspectors = (department: string, on?: string): Promise<InspectorRow[]> =>
  call(`/api/departments/${at(department)}/inspectors${queryString({ on })}`)

/** The checklist proposed for an enterprise, for the sectors at the table. */
export const checkItems = (sectors: readonly string[], enterprise: string): Promise<CheckItemRow[]> =>
  call(`/api/check-items${queryString({ sectors, enterprise })}`)

/** Reads a spreadsheet of enterprises without taking anything over yet. */
export function previewImport(file: File): Promise<ImportPreview> {
  const form = new FormData()
  form.set('file', file)
  return call('/api/imports/enterprises', { method: 'POST', body: form }, UPLOAD_TIMEOUT_MS)
}

export const confirmImport = (batch: string): Promise<Imported> =>
  call(`/api/imports/enterprises/${at(batch)}/confirm`, { method: 'POST' }, UPLOAD_TIMEOUT_MS)

/** Where the empty spreadsheet lies. */
export const IMPORT_TEMPLATE_URL = '/api/imports/enterprises/template.xlsx'

export interface TaskQuery {
  q?: string
  status?: Status | ''
  /** From 0. */
  page?: number
  size?: number
}

export const tasks = (query: TaskQuery): Promise<Page<TaskCard>> =>
  call(`/api/tasks${queryString({ ...query })}`)

export const createTask = (task: NewTask): Promise<TaskOpened> => send('POST', '/api/tasks', task)

export const dispatchTask = (task: string): Promise<TaskCard> =>
  send('POST', `/api/tasks/${at(task)}/dispatch`)

/** Gives the seats of one department of a task that is out to these people. */
export const changeTeam = (task: string, party: NewParty): Promise<unknown> =>
  send('POST', `/api/tasks/${at(task)}/team`, party)

/** Calls a visit off. */
export const cancelTask = (task: string, reason: string): Promise<unknown> =>
  send('POST', `/api/tasks/${at(task)}/cancel`, { reason })

/** Hands an item or a finding on to another department of the team. */
export const handOn = (task: string, record: string, to: HandOn): Promise<unknown> =>
  send('POST', `/api/tasks/${at(task)}/records/${at(record)}/owner`, to)

/** Says once whether a change that was marked for review stands. */
export const settleChange = (task: string, change: string, settle: Settle): Promise<unknown> =>
  send('POST', `/api/tasks/${at(task)}/changes/${at(change)}/settle`, settle)

export const board = (task: string): Promise<Board> => call(`/api/tasks/${at(task)}`)

export const history = (task: string): Promise<HistoryEntry[]> =>
  call(`/api/tasks/${at(task)}/history`)

/** Every legal basis and criterion that a task may cite. */
export const articles = (task: string): Promise<Article[]> =>
  call(`/api/tasks/${at(task)}/articles`)

export const returnFinding = (task: string, finding: string, comment: string): Promise<unknown> =>
  send('POST', `/api/tasks/${at(task)}/findings/${at(finding)}/return`, { comment })

/** Approves every finding that was not returned, and closes the review. */
export const approveTask = (task: string): Promise<unknown> =>
  send('POST', `/api/tasks/${at(task)}/approve`)

export const evidenceUrl = (task: string, sha256: string): string =>
  `/api/tasks/${at(task)}/evidence/${at(sha256)}`

/**
 * The bytes of a piece of evidence. Fails with `file_not_here_yet` when the
 * record came before the file, which a bare `<img>` could not tell.
 */
export async function evidenceFile(task: string, sha256: string): Promise<Blob> {
  const response = await answerOf(evidenceUrl(task, sha256), {}, TIMEOUT_MS)
  if (!response.ok) throw errorFromBody(response.status, await bodyOf(response))
  return response.blob()
}

export const siteRecordUrl = (task: string): string => `/api/tasks/${at(task)}/site-record.pdf`

/** Everything about the task that is not one department's own, for `docs/verify.py`. */
export const bundleUrl = (task: string): string => `/api/tasks/${at(task)}/bundle?files=true`

export const tablets = (): Promise<TabletRow[]> => call('/api/tablets')

export const issueCode = (person: string): Promise<CodeIssued> =>
  send('POST', '/api/enrolment-codes', { person })

/** A one-time code for a tablet whose PIN was forgotten. */
export const issueResetCode = (replica: string): Promise<CodeIssued> =>
  send('POST', `/api/tablets/${at(replica)}/reset-codes`)

/** Takes a tablet out of service, or orders graver things of one that is. */
export const revokeTablet = (replica: string, order: Revoke): Promise<unknown> =>
  send('POST', `/api/tablets/${at(replica)}/revoke`, order)

/** What was put aside because its hash or seal did not hold, newest first. */
export const quarantine = (): Promise<QuarantineRow[]> => call('/api/quarantine')

/** What was put aside, byte for byte as it came. */
export const quarantineUrl = (sha256: string): string => `/api/quarantine/${at(sha256)}`

/** The rescue packs that were handed in last, newest first. */
export const packs = (): Promise<PackReport[]> => call('/api/packs')

/** Hands a rescue pack in; the browser streams it from the disk. */
export const importPack = (file: File): Promise<PackReport> =>
  call('/api/packs', { method: 'POST', headers: { 'Content-Type': 'application/octet-stream' }, body: file }, PACK_TIMEOUT_MS)
