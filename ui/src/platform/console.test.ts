import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  approveTask, board, ConsoleError, enterprises, errorFromBody, evidenceUrl, inspectors, onSignedOut, previewImport, queryString,
  session, signIn,
} from './console'

const answer = (status: number, body: unknown) =>
  new Response(body === undefined ? null : JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })
const refusal = (code: string, fields?: unknown) => ({ error: { code, message: '原因', fields } })

let fetched: ReturnType<typeof vi.fn<typeof fetch>>
const request = () => {
  const [path, init] = fetched.mock.calls[0] ?? []
  return { path, method: init?.method, headers: new Headers(init?.headers), body: init?.body }
}
const failure = async (call: Promise<unknown>): Promise<ConsoleError> => {
  const thrown = await call.then(() => undefined, (error: unknown) => error)
  if (!(thrown instanceof ConsoleError)) throw new Error('it did not fail with a ConsoleError')
  return thrown
}

beforeEach(() => {
  fetched = vi.fn<typeof fetch>()
  vi.stubGlobal('fetch', fetched)
})
afterEach(() => {
  vi.unstubAllGlobals()
  onSignedOut(() => undefined)
})

describe('calls', () => {
  it('what changes something carries the header that foreign pages cannot send', async () => {
    fetched.mockResolvedValue(answer(200, {}))
    await approveTask('t 1')
    expect(request()).toMatchObject({ path: '/api/tasks/t%201/approve', method: 'POST' })
    expect(request().headers.get('X-Lianjian')).toBe('1')
  })
  it('what only reads does not', async () => {
    fetched.mockResolvedValue(answer(200, { rows: [], total: 0, page: 0, size: 20 }))
    await enterprises({ q: '化工 &', risk: '', page: 0, size: 20 })
    expect(request().path).toBe('/api/enterprises?q=%E5%8C%96%E5%B7%A5+%26&page=0&size=20')
    expect(request().headers.has('X-Lianjian')).toBe(false)
  })
  it('a file travels as a form whose type the browser sets', async () => {
    fetched.mockResolvedValue(answer(200, {}))
    await previewImport(new File(['x'], '名录.xlsx'))
    expect(request().body).toBeInstanceOf(FormData)
    expect(request().headers.has('Content-Type')).toBe(false)
    expect(request().headers.get('X-Lianjian')).toBe('1')
  })
  it('certificates are judged on the day of the visit', async () => {
    fetched.mockResolvedValue(answer(200, []))
    await inspectors('d1', '2026-12-01')
    expect(request().path).toBe('/api/departments/d1/inspectors?on=2026-12-01')
  })
  it('an address is built from encoded parts', () => {
    expect(evidenceUrl('a/b', 'c?d')).toBe('/api/tasks/a%2Fb/evidence/c%3Fd')
    expect(queryString({ a: '', b: null, c: [], d: ['x', 'y'], e: 0 })).toBe('?d=x%2Cy&e=0')
  })
})

describe('failures', () => {
  it('a refusal keeps its code, words and details', async () => {
    fetched.mockResolvedValue(answer(422, refusal('too_few_inspectors', { department: '消防', people: ['甲', '乙'] })))
    const error = await failure(board('t'))
    expect(error).toMatchObject({ code: 'too_few_inspectors', status: 422, message: '原因', details: { department: '消防', people: '甲、乙' } })
  })
  it('no answer is told apart from a late one', async () => {
    fetched.mockRejectedValue(new TypeError('Failed to fetch'))
    expect((await failure(board('t'))).code).toBe('offline')
    fetched.mockRejectedValue(new DOMException('', 'TimeoutError'))
    expect((await failure(board('t'))).code).toBe('timeout')
  })
  it('an answer that is not this server\'s is unreadable', async () => {
    fetched.mockImplementation(() => Promise.resolve(new Response('<html>proxy</html>', { status: 200 })))
    expect((await failure(board('t'))).code).toBe('unreadable')
    expect(errorFromBody(502, undefined).code).toBe('unreadable')
  })
  it('a command may be answered without a body', async () => {
    fetched.mockResolvedValue(answer(200, undefined))
    await expect(approveTask('t')).resolves.toBeUndefined()
  })
})

describe('the session', () => {
  it('nobody signed in is no failure', async () => {
    fetched.mockResolvedValue(answer(401, refusal('not_signed_in')))
    await expect(session()).resolves.toBeNull()
  })
  it('a wrong password is a failure, not the end of a session', async () => {
    const ended = vi.fn()
    onSignedOut(ended)
    fetched.mockResolvedValue(answer(401, refusal('credentials_wrong')))
    expect((await failure(signIn('a', 'b'))).code).toBe('credentials_wrong')
    expect(ended).not.toHaveBeenCalled()
  })
  it('a session that ended meanwhile is told once to whoever listens', async () => {
    const ended = vi.fn()
    onSignedOut(ended)
    fetched.mockResolvedValue(answer(401, refusal('not_signed_in')))
    await failure(board('t'))
    expect(ended).toHaveBeenCalledOnce()
  })
})
