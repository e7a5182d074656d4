// A small synthetic city for looking at the console: long names, long addresses,
// one task in every state. Nobody and nothing here exists.
import { createHash } from 'node:crypto'
import { deflateSync } from 'node:zlib'

const uuid = (text) => {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
export const sha = (text) => createHash('sha256').update(text).digest('hex')

const KINDS = ['精细化工', '新型建材', '食品冷链', '金属制品', '纺织印染', '医药中间体', '仓储物流', '机械制造']
const RISKS = ['major', 'larger', 'general', 'low']
const TAGS = ['hazchem_use', 'dust_explosion', 'ammonia', 'confined_space', 'special_equipment', 'hazardous_waste', 'gas_user', 'key_fire_unit']

export function enterprises(count) {
  return Array.from({ length: count }, (_, i) => {
    const kind = KINDS[i % KINDS.length]
    const long = i % 5 === 0
    return {
      id: uuid(`enterprise ${i}`),
      uscc: `9132019${String(i).padStart(3, '0')}MA1TEST${'0123456789'[i % 10]}`,
      name: long ? `示例市滨江新区第${i + 1}${kind}科技产业集团股份有限公司东区生产基地` : `示例${kind}有限公司（${i + 1}厂）`,
      risk: RISKS[i % 4],
      address: long
        ? `示例省示例市滨江新区化学工业园区长江北路与开发大道交叉口东南侧三百六十五号联合厂房乙区二层东侧（原第三机械厂旧址）`
        : `示例市滨江新区示例路 ${i + 1} 号`,
      division_code: '320111',
      industry_code: ['C26', 'C30', 'G59', 'C33'][i % 4],
      hazard_tags: TAGS.filter((_, t) => (i + t) % 3 === 0),
    }
  })
}

const SECTORS = [
  ['emergency_management', '应急', '应急管理局'], ['fire', '消防', '消防救援支队'], ['market_supervision', '市监', '市场监督管理局'],
  ['environment', '环境', '生态环境局'], ['housing', '住建', '住房和城乡建设局'], ['transport', '交通', '交通运输局'],
]
const PLACES = [['city', '示例市'], ['county', '滨江区'], ['county', '临湖区'], ['town', '示例市滨江新区沿江街道']]

export const departments = PLACES.flatMap(([tier, place]) => SECTORS.map(([sector, short, name]) => ({
  id: uuid(`${place}${sector}`), name: `${place}${name}`, short_name: short, tier, sector, inspectors: 12,
})))

const FAMILY = '甲乙丙丁戊己庚辛壬癸子丑'
export const inspectors = (department) => Array.from({ length: 12 }, (_, i) => ({
  person: uuid(`${department}${i}`),
  name: `检查员${FAMILY[i]}`,
  cert_no: `TEST-${department.slice(0, 4)}-${String(i + 1).padStart(3, '0')}`,
  valid_to: i === 4 ? '2026-03-31' : `2028-0${(i % 9) + 1}-30`,
  valid: i !== 4,
}))

const TEXTS = [
  '可燃气体报警装置有效、未屏蔽', '全员安全生产责任制及考核记录齐全', '特种作业人员持证上岗', '疏散通道、安全出口畅通，无锁闭、占用',
  '危险化学品专用储存场所符合规定，禁忌物料分离存放并有防泄漏围堰', '压力容器在检验有效期内', '较大以上安全风险公示并按期上报', '有限空间作业执行“先通风、再检测、后作业”，现场有专人监护',
]
export const checkItems = (sectors) => sectors.flatMap((sector) => ['通用', '危化品使用', '设备设施'].flatMap((section, s) =>
  Array.from({ length: 8 }, (_, i) => ({
    code: `${sector.slice(0, 2).toUpperCase()}${s + 1}-${String(i + 1).padStart(2, '0')}`,
    section, sector, text: TEXTS[(i + s) % TEXTS.length], major: (i + s) % 5 === 0,
  }))))

const at = (minutes) => new Date(Date.parse('2026-11-23T02:00:00Z') + minutes * 60_000).toISOString()
const by = (name, department, tablet, minutes) => ({ person: uuid(name), name, department, tablet, wall: at(minutes) })
const head = (id, value, who, decided = false) => ({ id, value, by: who, decided })
const target = (kind, rec, field) => ({ kind, rec, field })
const field = (kind, rec, name, shown, heads, contested = false) => ({ target: target(kind, rec, name), shown, heads, contested })
const text = (rec, name, value, who) => field('finding', rec, name, value === null ? null : { type: name === 'deadline' ? 'date' : 'text', value }, value === null ? [] : [head(`${rec}:${name}`, { type: 'text', value }, who)])

const TEAM = [['检查员甲', '应急', '平板 1'], ['检查员乙', '应急', '平板 2'], ['检查员丙', '消防', '平板 3'], ['检查员丁', '消防', ''], ['检查员戊', '市监', ''], ['检查员己', '市监', '']]

function items(parties, started) {
  return parties.flatMap((party) => checkItems([party.sector]).slice(0, 14).map((item, i) => {
    const rec = uuid(`${party.department}${item.code}`)
    const person = TEAM.find((each) => each[1] === party.short_name)
    const who = by(person[0], party.short_name, person[2] || '平板 9', i * 3)
    const answer = !started || i > 9 ? null : i === 3 ? 'nonconforming' : i === 7 ? 'not_applicable' : 'conforms'
    const contested = started && party.lead && i === 3
    const heads = answer === null ? [] : [head(`c${i}:0`, { type: 'answer', value: answer }, who)]
    if (contested) heads.push(head(`d${i}:0`, { type: 'answer', value: 'conforms' }, by('检查员甲', '应急', '平板 1', 14)))
    const remark = answer === 'nonconforming' ? '东侧 2 号探头被遮挡，现场已要求立即清理。' : null
    return {
      rec, department: party.department, access: 'read', code: item.code, section: item.section, text: item.text,
      how_to: '查看现场并核对台账', methods: ['on_site', 'documents'], violated: ['AQF-36-3', 'XFF-53'], penalty: ['AQF-99-4'],
      severity_default: item.major ? 'major' : 'general', criterion: item.major ? 'GM10-13-2' : null, evidence_required: true,
      result: field('item', rec, 'result', answer === null ? null : { type: 'answer', value: answer }, heads, contested),
      remark: field('item', rec, 'remark', remark === null ? null : { type: 'text', value: remark }, []),
    }
  }))
}

function finding(number, party, level, fact, location, pictures, review) {
  const rec = uuid(`finding ${number}`)
  const who = by(TEAM[number % 4][0], party.short_name, TEAM[number % 4][2] || '平板 4', 20 + number * 7)
  const value = { type: 'assessment', value: { level, criterion: level === 'major' ? 'GM10-13-2' : null, basis: ['AQF-36-3', 'XFF-53'] } }
  return {
    rec, number, department: party.department, access: 'read', item: null,
    assessment: field('finding', rec, 'assessment', value, [head('a:0', value, who)]),
    location: text(rec, 'location', location, who), fact: text(rec, 'fact', fact, who),
    requirement: text(rec, 'requirement', number === 3 ? null : '立即清理遮挡物并恢复报警功能，整改完成后书面报告。', who),
    deadline: text(rec, 'deadline', number === 3 ? null : '2026-12-03', who),
    evidence: pictures.map((name, i) => ({
      rec: uuid(`evidence ${number} ${i}`), subject: rec, sha256: sha(name), bytes: 2_480_000 + i, media_type: 'image/png',
      name: `${name}.png`, thumbnail: null, by: who,
    })),
    review, by: who,
  }
}

export function board(card, enterprise) {
  const parties = SECTORS.slice(0, 3).map(([sector, short, name], i) => ({ department: uuid(`示例市${sector}`), sector, name: `示例市${name}`, short_name: short, lead: i === 0, own: false }))
  const started = card.status !== 'draft'
  const list = items(parties, started)
  const answered = (party) => list.filter((item) => item.department === party.department && item.result.shown !== null).length
  const counted = parties.map((party) => ({ ...party, answered: answered(party), items: 14 }))
  const [emergency, fire] = counted
  const reviewed = card.status === 'returned'
  const contested = list.filter((item) => item.result.contested)
  return {
    ledger: card.ledger, task: card.task, title: card.title, number: card.number, status: card.status, visit_date: card.visit_date, announced: false,
    enterprise: { ...enterprise, legal_rep: '示例法人', principal: '示例负责人' },
    parties: counted,
    team: TEAM.map(([name, short, tablet], i) => ({
      ...inspectors(counted.find((party) => party.short_name === short).department)[i], name, department: counted.find((party) => party.short_name === short).department,
      role: i % 2 === 0 ? 'site_lead' : 'inspector', tablets: tablet === '' ? [] : [tablet],
    })),
    items: list,
    findings: !started ? [] : [
      finding(1, emergency, 'major', '仓库东侧 2 号可燃气体探头被防尘布完全遮挡，控制室报警主机显示该回路已屏蔽，值班记录未说明原因。', '甲类仓库东侧，距东门约 6 米立柱', ['探头遮挡', '主机屏蔽状态'], reviewed ? { state: 'returned', comment: '请补拍控制室主机的日期和时间，并写明屏蔽起始时间。', reviewer: '复核员示例', wall: at(600) } : null),
      finding(2, fire, 'general', '二层东侧疏散通道堆放 14 箱成品，净宽不足 0.8 米。', '成品车间二层东侧疏散通道', ['通道堆物'], reviewed ? { state: 'approved', comment: '', reviewer: '复核员示例', wall: at(601) } : null),
      finding(3, emergency, 'general', '现场未见有限空间作业审批单。', '污水处理站', ['missing-审批栏'], null),
    ],
    conflicts: started && card.conflicts > 0 ? contested.map((item) => ({ field: item.result, title: `${item.code} ${item.text}`, department: item.department, shown_because: 'severest', may_decide: false })) : [],
    proposals: !started ? [] : [{
      rec: uuid('proposal'), target: target('finding', uuid('finding 2'), 'assessment'), title: '2. 二层东侧疏散通道堆放 14 箱成品', department: fire.department,
      value: { type: 'assessment', value: { level: 'major', criterion: 'GM10-13-2', basis: ['AQF-41-2', 'UNKNOWN-1'] } }, reason: '该通道是二层唯一疏散方向，建议按重大隐患处理。',
      by: by('检查员乙', '应急', '平板 2', 55), reply: null, may_reply: false,
    }],
    decisions: !started ? [] : [{
      rec: uuid('decision'), target: target('item', uuid('x'), 'result'), title: 'EM1-06 较大以上安全风险公示并按期上报', department: emergency.department,
      values: [head('v:0', { type: 'answer', value: 'nonconforming' }, by('检查员乙', '应急', '平板 2', 31)), head('v:1', { type: 'answer', value: 'conforms' }, by('检查员甲', '应急', '平板 1', 34))],
      chosen: { type: 'answer', value: 'nonconforming' }, reason: '公示栏内容为去年版本，未按期更新。', by: by('检查员甲', '应急', '平板 1', 48),
    }],
    notes: [],
    judgements: !started ? [] : [
      { change: sha('judged 1').slice(0, 22), verdict: 'review', reason: card.status === 'cancelled' ? 'cancelled' : 'authority_changed', intent: 'item.answer', by: by('检查员乙', '应急', '平板 2', 90), resolution: null },
      { change: sha('judged 2').slice(0, 22), verdict: 'review', reason: 'after_sealing', intent: 'finding.edit', by: by('检查员甲', '应急', '平板 1', 130), resolution: { accepted: true, reason: '已与带队电话核实：签字前当场补充，平板当时没有信号。', reviewer: '复核员示例' } },
      { change: sha('judged 3').slice(0, 22), verdict: 'review', reason: 'revoked', intent: 'evidence.add', by: by('检查员丙', '消防', '平板 3', 131), resolution: { accepted: false, reason: '平板遗失之后拍摄，不能确认是本人。', reviewer: '复核员示例' } },
      { change: sha('judged 4').slice(0, 22), verdict: 'void', reason: 'not_owner', intent: 'item.answer', by: by('检查员丙', '消防', '平板 3', 41), resolution: null },
    ],
    documents: !started ? [] : [{ rec: uuid('document'), pdf_sha256: sha('pdf'), bytes: 55_120, by: by('检查员甲', '应急', '平板 1', 120) }],
    from_newer_version: 0,
  }
}

const law = (code, title, article, text, uncertain = false) => ({ code, title, article, text, effective_from: '2021-09-01', uncertain })

/** What a task may cite; one code that a proposal cites is not among it. */
export const articles = [
  law('AQF-36-3', '中华人民共和国安全生产法', '第三十六条第三款', '不得关闭、破坏直接关系生产安全的监控、报警、防护、救生设施，不得篡改、隐瞒、销毁其数据。'),
  law('AQF-41-2', '中华人民共和国安全生产法', '第四十一条第二款', '建立健全隐患排查治理制度，及时发现并消除事故隐患，如实记录并向从业人员通报。'),
  law('AQF-99-4', '中华人民共和国安全生产法', '第九十九条第（四）项', '罚则：关闭、破坏监控、报警、防护、救生设施，或篡改、隐瞒、销毁其数据。'),
  law('XFF-53', '中华人民共和国消防法', '第五十三条', '消防救援机构依法对单位遵守消防法律法规的情况进行监督检查。', true),
  { code: 'GM10-13-2', title: '应急管理部令第10号 第十三条（有限空间）第（二）项', article: '', text: '未落实作业审批，或未执行“先通风、再检测、后作业”，或现场未设监护人员', effective_from: null, uncertain: false },
]

export function tasks(count, directory) {
  const states = ['dispatched', 'draft', 'returned', 'approved']
  return Array.from({ length: count }, (_, i) => {
    const enterprise = directory[(i * 5) % directory.length]
    const status = i % 9 === 8 ? 'cancelled' : states[i % 4]
    const started = status !== 'draft'
    return {
      ledger: uuid(`ledger ${i}`), task: uuid(`task ${i}`), title: `${enterprise.name}联合检查`, number: `联检〔2026〕${i + 1}号`, status,
      enterprise: enterprise.name, address: enterprise.address, risk: enterprise.risk, visit_date: `2026-11-${String(24 + (i % 6))}`,
      departments: ['应急', '消防', '市监', '环境', '住建'].slice(0, 3 + (i % 3)), answered: started ? 30 : 0, items: 42,
      findings: started ? 3 : 0, major: started ? 1 : 0, conflicts: status === 'dispatched' ? 1 : 0, returned: status === 'returned' ? 1 : 0,
    }
  })
}

export const history = ({ task, status, cancelled }) => [
  ...(status === 'cancelled' ? [{ change: `${task.slice(0, 8)}c`, intent: 'task.cancel', title: '', reason: cancelled?.reason ?? '企业因设备大修停产至年底，已与企业核实。', by: by(cancelled?.name ?? '安委办示例', '', '', 130), verdict: null }] : []),
  ...['team.change', 'owner.change', 'review.settle', 'replica.revoke'].map((intent, i) => ({
    change: `${task.slice(0, 8)}o${i}`, intent, title: i === 1 ? 'EM1-04 疏散通道、安全出口畅通，无锁闭、占用' : '', reason: i === 1 ? '疏散通道属消防职责。' : i === 2 ? '已与带队电话核实。' : null, by: by('安委办示例', '', '', 125 - i), verdict: null,
  })),
  ...[['item.answer', 'EM1-04 疏散通道、安全出口畅通，无锁闭、占用'], ['finding.edit', '3. 现场未见有限空间作业审批单'], ['evidence.add', '2. 二层东侧疏散通道堆放 14 箱成品'], ['item.answer', 'FI1-02 全员安全生产责任制及考核记录齐全']].map(([intent, title], i) => ({
    change: sha(`judged ${i + 1}`).slice(0, 22), intent, title, reason: null, by: by('检查员乙', '应急', '平板 2', 121 - i), verdict: i === 2 || i === 3 ? 'void' : 'review',
  })),
  ...gestures(task),
]

const gestures = (task) => Array.from({ length: 24 }, (_, i) => ({
  change: `${task.slice(0, 8)}${i}`, intent: ['item.answer', 'finding.create', 'evidence.add', 'conflict.decide'][i % 4],
  title: ['EM1-04 疏散通道、安全出口畅通，无锁闭、占用', '1. 仓库东侧 2 号可燃气体探头被防尘布完全遮挡', '1. 仓库东侧 2 号可燃气体探头被防尘布完全遮挡', 'EM1-06 较大以上安全风险公示并按期上报'][i % 4],
  reason: i % 4 === 3 ? '公示栏内容为去年版本，未按期更新。' : null,
  by: by(TEAM[i % 4][0], TEAM[i % 4][1], TEAM[i % 4][2] || '平板 4', 120 - i * 4), verdict: i === 7 ? 'void' : null,
}))

export const tablets = (count) => Array.from({ length: count }, (_, i) => ({
  replica: uuid(`tablet ${i}`), name: `平板 ${i + 1}`, person: `检查员${FAMILY[i % 12]}`, department: departments[i % departments.length].name,
  enrolled_at: at(-1000 * i), last_contact: i % 5 === 4 ? null : new Date(Date.now() - i * i * 17 * 60_000).toISOString(), app_version: '0.1.0',
  out_of_service: [1, 2, 3].includes(i)
    ? { since: at(-900), reason: ['人员调离', '平板在高淳区遗失，已报警', '硬件故障送修'][i - 1], lost: i === 2, wipe: [null, 'wipe_now', 'wipe_after_push'][i - 1], told_at: i === 3 ? at(-40) : null, wiped_at: i === 3 ? at(-20) : null }
    : null,
}))

export const quarantine = () => [0, 1].map((i) => ({
  sha256: sha(`aside ${i}`), received_at: at(-70 - i * 900), delivered_by: '平板 3 检查员丙', claims: i === 0 ? '平板 2 检查员乙' : '', reason: 'seal', bytes: 48_211 + i * 1_900_000,
}))

export const packs = () => [0, 1].map((i) => ({
  id: uuid(`pack ${i}`), at: at(-30 - i * 600), sha256: sha(`pack ${i}`), bytes: 7_482_113, replica: uuid('tablet 3'), tablet: '平板 4', person: '检查员王', made_at: at(-90 - i * 600),
  store_damaged: i === 1, whole: i === 0, ended: i === 1 ? 'cut_off' : null, changes_new: i === 0 ? 0 : 31, changes_known: i === 0 ? 12 : 2, changes_refused: i === 0 ? 0 : 3, files_new: i === 0 ? 0 : 6, files_known: i === 0 ? 4 : 0, files_refused: 0,
  refused: i === 0 ? [] : [{ ledger: uuid('ledger'), from: 34, upto: 36, reason: 'gap' }],
  missing: i === 0 ? [] : [{ what: 'changes', ledger: uuid('ledger'), from: 33, upto: 33, name: null }, { what: 'list', ledger: null, from: null, upto: null, name: 'receipts' }],
}))

/** A plain picture without any library: a few coloured areas as PNG. */
export function picture(name) {
  const [width, height] = [1200, 900]
  const seed = sha(name)
  const tone = (i) => 60 + (parseInt(seed.slice(i * 2, i * 2 + 2), 16) % 130)
  const rows = Buffer.alloc((width * 3 + 1) * height)
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const box = x > width * 0.35 && x < width * 0.62 && y > height * 0.2 && y < height * 0.75
      const line = Math.abs(x - y) < 6 || x % 200 < 3 || y % 150 < 3
      for (let c = 0; c < 3; c += 1) {
        rows[y * (width * 3 + 1) + 1 + x * 3 + c] = line ? 90 : box ? 235 - c * 40 : tone(c) + Math.floor((y / height) * 50)
      }
    }
  }
  const crcTable = Array.from({ length: 256 }, (_, n) => { let c = n; for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1; return c >>> 0 })
  const crc = (data) => { let c = 0xffffffff; for (const byte of data) c = crcTable[(c ^ byte) & 255] ^ (c >>> 8); return (c ^ 0xffffffff) >>> 0 }
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const out = Buffer.alloc(body.length + 8)
    out.writeUInt32BE(data.length, 0)
    body.copy(out, 4)
    out.writeUInt32BE(crc(body), body.length + 4)
    return out
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])
}
