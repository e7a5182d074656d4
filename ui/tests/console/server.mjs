// A stand-in for the server, for looking at the console without one: serves the
// built files and answers the API from a synthetic city. Development only; it
// keeps nothing, checks nothing, and is no description of the real server.
//
//   node tests/console/server.mjs [port] [full|empty|trouble] [folder of the build]
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as city from './city.mjs'

const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' }
const ALL = ['read_directories', 'import_directories', 'read_tasks', 'open_task', 'dispatch_task', 'change_task', 'hand_on', 'review_findings', 'manage_tablets', 'rescue_tablets']
const PEOPLE = {
  office: { account: 'office', name: '安委办示例', role: 'committee_office', may: ALL.filter((each) => each !== 'review_findings') },
  supervisor: { account: 'supervisor', name: '复核员示例', role: 'supervisor', may: ['read_directories', 'read_tasks', 'review_findings'] },
  admin: { account: 'admin', name: '管理员示例', role: 'administrator', may: ['read_directories', 'import_directories', 'manage_tablets', 'rescue_tablets'] },
}

class Refusal extends Error {
  constructor(status, code, message, fields) {
    super(message)
    Object.assign(this, { status, code, fields })
  }
}

const paged = (rows, query) => {
  const [page, size] = [Number(query.get('page') ?? 0), Number(query.get('size') ?? 20)]
  return { rows: rows.slice(page * size, (page + 1) * size), total: rows.length, page, size }
}

function build(scenario) {
  const directory = city.enterprises(scenario === 'empty' ? 0 : 200)
  const cards = city.tasks(scenario === 'empty' ? 0 : 200, directory.length > 0 ? directory : city.enterprises(5))
  const boards = new Map()
  const boardOf = (task) => {
    const card = cards.find((each) => each.task === task)
    if (!card) throw new Refusal(404, 'not_found', '没有找到这个任务，可能已被移走。请返回列表重新选择。')
    if (!boards.has(task)) boards.set(task, city.board(card, directory.find((each) => each.name === card.enterprise)))
    return boards.get(task)
  }
  return { directory, cards, boardOf, me: null }
}

function routes(state, scenario) {
  const need = (action) => {
    if (state.me === null) throw new Refusal(401, 'not_signed_in', '登录已失效，请重新登录。')
    if (!state.me.may.includes(action)) throw new Refusal(403, 'forbidden', '本账号没有这项权限。')
    if (scenario === 'trouble') throw new Refusal(500, 'internal', '服务器内部出错，没有改动任何数据。请稍后再试。')
  }
  return {
    'POST /api/session': ({ body }) => {
      const { account, password } = JSON.parse(body)
      if (account === 'locked') throw new Refusal(429, 'account_locked', '密码连续输错，账号已暂时锁定；请稍后再试或联系管理员。', { retry_after_seconds: 900 })
      if (!PEOPLE[account] || password !== 'demo') throw new Refusal(401, 'credentials_wrong', '账号或密码不正确，请核对后重试。')
      state.me = PEOPLE[account]
      return state.me
    },
    'GET /api/session': () => {
      if (state.me === null) throw new Refusal(401, 'not_signed_in', '请先登录。')
      return state.me
    },
    'DELETE /api/session': () => { state.me = null },
    'GET /api/overview': () => {
      need('read_tasks')
      const count = (status) => state.cards.filter((card) => card.status === status).length
      const some = state.cards.length > 0
      return {
        tasks_by_status: { draft: count('draft'), dispatched: count('dispatched'), returned: count('returned'), approved: count('approved'), cancelled: count('cancelled') },
        findings_general: some ? 312 : 0, findings_major: some ? 27 : 0, open_conflicts: some ? 4 : 0, returned: some ? 9 : 0,
        tablets: some ? 36 : 0, tablets_behind: some ? 2 : 0, enterprises: some ? 8264 : 0, departments: 87, inspectors: 837,
      }
    },
    'GET /api/enterprises': ({ query }) => {
      need('read_directories')
      const [q, risk] = [query.get('q') ?? '', query.get('risk')]
      return paged(state.directory.filter((each) => (each.name.includes(q) || each.uscc.includes(q)) && (!risk || each.risk === risk)), query)
    },
    'GET /api/departments': () => { need('read_directories'); return city.departments },
    'GET /api/departments/:id/inspectors': ({ ids }) => { need('read_directories'); return city.inspectors(ids[0]) },
    'GET /api/check-items': ({ query }) => city.checkItems((query.get('sectors') ?? '').split(',')),
    'POST /api/imports/enterprises': ({ body }) => {
      need('import_directories')
      if (!body.includes('PK\u0003\u0004')) throw new Refusal(422, 'not_a_spreadsheet', '「名录.xlsx」不是电子表格文件，没有导入任何内容。请用模板填写并另存为 .xlsx 再试。')
      const errors = Array.from({ length: 7 }, (_, i) => ({ row: i * 3 + 4, column: ['统一社会信用代码', '企业名称', '风险等级'][i % 3], code: 'x', message: ['校验位不对：应为 8，填的是 3', '企业名称是空的', '风险等级只能填 重大、较大、一般、低'][i % 3] }))
      return { batch: 'b1', rows_total: 120, rows_ok: 113, errors, sample: state.directory.slice(0, 5) }
    },
    'POST /api/imports/enterprises/:id/confirm': () => ({ imported: 113 }),
    'GET /api/tasks': ({ query }) => {
      need('read_tasks')
      const [q, status] = [query.get('q') ?? '', query.get('status')]
      return paged(state.cards.filter((card) => (card.enterprise.includes(q) || card.number.includes(q)) && (!status || card.status === status)), query)
    },
    'POST /api/tasks': ({ body }) => {
      need('open_task')
      const wish = JSON.parse(body)
      const thin = wish.parties.find((party) => party.inspectors.length < 2)
      if (thin) throw new Refusal(422, 'too_few_inspectors', '每个部门至少需要两名检查人员（行政处罚法第四十二条）。', { department: city.departments.find((each) => each.id === thin.department)?.short_name })
      const draft = state.cards.find((card) => card.status === 'draft')
      return { task: draft.task }
    },
    'POST /api/tasks/:id/dispatch': ({ ids }) => {
      need('dispatch_task')
      const card = state.cards.find((each) => each.task === ids[0])
      card.status = 'dispatched'
      state.boardOf(ids[0]).status = 'dispatched'
      return card
    },
    'POST /api/tasks/:id/team': ({ ids, body }) => {
      need('change_task')
      const [asked, board] = [JSON.parse(body), state.boardOf(ids[0])]
      const role = (person) => ({ [asked.site_lead]: 'site_lead', [asked.deputy]: 'deputy', [asked.desk_reviewer]: 'desk_reviewer' })[person] ?? 'inspector'
      const people = [...asked.inspectors, ...(asked.desk_reviewer ? [asked.desk_reviewer] : [])]
      const roster = city.inspectors(asked.department)
      const seat = (person) => ({ ...board.team.find((each) => each.person === person) ?? { ...roster.find((each) => each.person === person), department: asked.department, tablets: [] }, role: role(person) })
      board.team = [...board.team.filter((each) => each.department !== asked.department), ...people.map(seat)]
    },
    'POST /api/tasks/:id/cancel': ({ ids, body }) => {
      need('change_task')
      const board = state.boardOf(ids[0])
      Object.assign(board, { status: 'cancelled', cancelled: { reason: JSON.parse(body).reason, name: state.me.name } })
      state.cards.find((each) => each.task === ids[0]).status = 'cancelled'
    },
    'POST /api/tasks/:id/records/:id/owner': ({ ids, body }) => {
      need('hand_on')
      const board = state.boardOf(ids[0])
      ;[...board.items, ...board.findings].find((each) => each.rec === ids[1]).department = JSON.parse(body).department
    },
    'POST /api/tasks/:id/changes/:id/settle': ({ ids, body }) => {
      need('review_findings')
      const one = state.boardOf(ids[0]).judgements.find((each) => each.change === ids[1])
      if (one.resolution) throw new Refusal(409, 'already_settled', '这条改动已经核实过，结论不能更改。')
      one.resolution = { ...JSON.parse(body), reviewer: state.me.name }
    },
    'GET /api/tasks/:id': ({ ids }) => { need('read_tasks'); return state.boardOf(ids[0]) },
    'GET /api/tasks/:id/articles': () => { need('read_tasks'); return city.articles },
    'GET /api/tasks/:id/history': ({ ids }) => city.history(state.boardOf(ids[0])),
    'POST /api/tasks/:id/findings/:id/return': ({ ids, body }) => {
      need('review_findings')
      state.boardOf(ids[0]).findings.find((each) => each.rec === ids[1]).review = { state: 'returned', comment: JSON.parse(body).comment, reviewer: state.me.name, wall: new Date().toISOString() }
      return {}
    },
    'POST /api/tasks/:id/approve': ({ ids }) => {
      need('review_findings')
      const board = state.boardOf(ids[0])
      for (const finding of board.findings) finding.review ??= { state: 'approved', comment: '', reviewer: state.me.name, wall: new Date().toISOString() }
      board.status = board.findings.some((each) => each.review.state === 'returned') ? 'returned' : 'approved'
      return {}
    },
    'GET /api/tasks/:id/evidence/:id': ({ ids }) => {
      const all = state.boardOf(ids[0]).findings.flatMap((each) => each.evidence)
      const found = all.find((each) => each.sha256 === ids[1])
      if (!found) throw new Refusal(404, 'not_found', '没有这份证据。')
      if (found.name.startsWith('missing')) throw new Refusal(404, 'file_not_here_yet', '记录已到，照片文件还在平板上。')
      return { raw: city.picture(found.name), type: 'image/png' }
    },
    'GET /api/tablets': () => { need('manage_tablets'); return city.tablets(state.cards.length > 0 ? 14 : 0) },
    'POST /api/tablets/:id/reset-codes': () => ({ code: '7K4M2-Q2XPW', expires_at: new Date(Date.now() + 72 * 3_600_000).toISOString() }),
    'POST /api/tablets/:id/revoke': () => { throw new Refusal(409, 'order_delivered', '平板已收到清除指令，不能撤回或减轻；如需更严的处置可以再次下达。') },
    'GET /api/packs': () => { need('rescue_tablets'); return state.cards.length > 0 ? city.packs() : [] },
    'POST /api/packs': () => { throw new Refusal(422, 'not_a_pack', '这个文件不是救援包，或开头已损坏；没有收入任何内容。') },
    'GET /api/quarantine': () => { need('rescue_tablets'); return state.cards.length > 0 ? city.quarantine() : [] },
    'POST /api/enrolment-codes': () => ({ code: '7K4M-Q2XP', expires_at: new Date(Date.now() + 15 * 60_000).toISOString() }),
  }
}

function find(table, method, path) {
  for (const [pattern, handler] of Object.entries(table)) {
    const [wanted, shape] = pattern.split(' ')
    const match = wanted === method && new RegExp(`^${shape.replaceAll(':id', '([^/]+)')}$`).exec(path)
    if (match) return { handler, ids: match.slice(1).map(decodeURIComponent) }
  }
  return null
}

async function file(root, path) {
  const safe = normalize(path).replace(/^(\.\.[/\\])+/, '')
  try {
    return { raw: await readFile(join(root, safe)), type: TYPES[extname(safe)] ?? 'application/octet-stream' }
  } catch {
    return { raw: await readFile(join(root, 'console.html')), type: TYPES['.html'] }
  }
}

export function start({ port = 0, scenario = 'full', root = fileURLToPath(new URL('../../dist', import.meta.url)) } = {}) {
  const table = routes(build(scenario), scenario)
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://localhost')
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    const reply = (status, type, body) => response.writeHead(status, { 'Content-Type': type, 'Content-Security-Policy': CSP, 'Cache-Control': 'no-store' }).end(body)
    try {
      if (!url.pathname.startsWith('/api/')) {
        const { raw, type } = await file(root, url.pathname === '/' ? '/console.html' : url.pathname)
        return reply(200, type, raw)
      }
      if (request.method !== 'GET' && request.headers['x-lianjian'] !== '1') throw new Refusal(403, 'forbidden', '缺少 X-Lianjian。')
      const found = find(table, request.method, url.pathname)
      if (!found) throw new Refusal(404, 'not_found', '没有这个地址。')
      const result = found.handler({ query: url.searchParams, ids: found.ids, body: Buffer.concat(chunks).toString('utf8') })
      if (result?.raw) return reply(200, result.type, result.raw)
      return result === undefined ? reply(204, 'application/json', '') : reply(200, 'application/json', JSON.stringify(result))
    } catch (thrown) {
      const { status = 500, code = 'internal', message, fields } = thrown
      return reply(status, 'application/json', JSON.stringify({ error: { code, message, ...(fields ? { fields } : {}) } }))
    }
  })
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve({ server, url: `http://127.0.0.1:${server.address().port}` })))
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [port = '8090', scenario = 'full', root] = process.argv.slice(2)
  const { url } = await start({ port: Number(port), scenario, ...(root ? { root } : {}) })
  console.log(`${url}  accounts: office, supervisor, admin; password: demo`)
}
