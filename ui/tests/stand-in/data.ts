// A synthetic visit for looking at screens: three departments, some forty
// items, long names. People, enterprise and numbers are made up.
import type { Article, Board, Byline, EvidenceView, FieldView, FindingView, HeadView, ItemView, ShownValue, Visit } from '../../src/platform/app'

export const EMERGENCY = 'd0000000-0000-4000-8000-000000000001'
export const FIRE = 'd0000000-0000-4000-8000-000000000002'
export const MARKET = 'd0000000-0000-4000-8000-000000000003'
export const TASK = 'a0000000-0000-4000-8000-000000000001'
const LEDGER = '10000000-0000-4000-8000-000000000001'

let serial = 0
export const id = () => `c0000000-0000-4000-8000-${String(++serial).padStart(12, '0')}`
export const headId = () => `${'AbCdEfGhIjKlMnOpQrSt'.slice(0, 18)}${String(++serial).padStart(4, '0')}:0`

export function by(name: string, department: string, tablet: string, minutesAgo: number): Byline {
  return { person: `person-${name}`, name, department, tablet, wall: new Date(Date.now() - minutesAgo * 60_000).toISOString() }
}
export const me = (minutesAgo = 0) => by('检查员甲', '应急', '平板 1', minutesAgo)
const colleague = (minutesAgo: number) => by('检查员乙', '应急', '平板 2', minutesAgo)
const fire = (minutesAgo: number) => by('检查员丙', '消防', '平板 3', minutesAgo)

export const head = (value: ShownValue, who: Byline): HeadView => ({ id: headId(), value, by: who, decided: false })
export function field(kind: string, rec: string, name: string, heads: HeadView[] = []): FieldView {
  return { target: { kind, rec, field: name }, shown: heads[0]?.value ?? null, heads, contested: heads.length > 1 }
}
const text = (value: string): ShownValue => ({ type: 'text', value })

const sections: [string, string, string, string[]][] = [
  [EMERGENCY, 'A', '主体责任与培训', ['主要负责人、安全管理人员经考核合格并在有效期内', '特种作业人员持证上岗，证件真实有效', '制定并落实全员安全生产责任制，有考核记录', '安全生产费用按标准提取和使用，专款专用', '事故应急预案已备案，每半年至少组织一次演练', '新员工三级安全教育不少于规定学时']],
  [EMERGENCY, 'B', '危险化学品使用与储存', ['可燃气体和有毒气体检测报警装置设置齐全、有效，未被屏蔽', '危险化学品专用仓库分区、分类储存，禁忌物料未混存', '储罐区防火堤完好，无孔洞，排水阀常闭', '重大危险源安全监测监控系统正常投用', '装卸作业静电接地装置完好并有检测记录', '安全联锁未随意摘除，摘除有审批']],
  [EMERGENCY, 'C', '危险作业', ['动火作业票证审批齐全，现场监护到位，作业前后气体检测记录完整', '有限空间作业执行「先通风、再检测、后作业」', '高处作业人员佩戴安全带，挂点牢固']],
  [FIRE, 'F', '消防安全', ['疏散通道、安全出口保持畅通，未被占用、堵塞、封闭', '消防控制室实行 24 小时值班，每班不少于 2 人并持证', '自动喷水灭火系统处于正常工作状态', '室内外消火栓水压充足，配件齐全', '未违规使用易燃可燃材料装修和夹芯板', '电动自行车未在室内停放充电', '消防设施每年至少全面检测一次', '防火门常闭，闭门器有效']],
  [MARKET, 'S', '特种设备', ['特种设备办理使用登记，定期检验合格并在有效期内', '安全阀、压力表按期校验', '叉车等场车驾驶人员持证', '起重机械限位、制动装置有效', '压力管道年度检查记录完整', '锅炉水质化验合格']],
]

function items(): ItemView[] {
  return sections.flatMap(([department, letter, section, texts]) =>
    texts.map((words, index): ItemView => {
      const rec = id()
      const code = `${letter}-${String(index + 1).padStart(2, '0')}`
      const answered = department === EMERGENCY ? index < 3 && letter === 'A' : department === FIRE && index < 4
      const heads = answered ? [head({ type: 'answer', value: index === 2 ? 'nonconforming' : index === 1 && letter === 'A' ? 'not_applicable' : 'conforms' }, department === FIRE ? fire(34) : me(41 - index))] : []
      return {
        rec,
        department,
        access: department === EMERGENCY ? 'own' : 'propose',
        code,
        section,
        text: words,
        how_to: '查看现场装置运行状态与控制室报警记录，抽查近三个月的校验、维护台账，询问当班操作人员。',
        methods: ['on_site', 'documents'],
        violated: ['AQF-36-3', 'WHP-25'].slice(0, 1 + (index % 2)),
        penalty: ['AQF-99-2'],
        severity_default: index === 0 && letter === 'B' ? 'major' : 'general',
        criterion: letter === 'B' && index < 4 ? 'GM-06' : null,
        evidence_required: letter === 'B',
        result: field('item', rec, 'result', heads),
        remark: field('item', rec, 'remark', index === 2 && letter === 'A' ? [head(text('责任制文件未覆盖设备部，缺 2025 年第三季度考核记录。'), me(38))] : []),
      }
    }),
  )
}

const digest = (n: number) => String(n).padStart(2, '0').repeat(32)
const photo = (subject: string, n: number): EvidenceView => ({ rec: id(), subject, sha256: digest(n), bytes: 3_482_113 + n, media_type: 'image/jpeg', name: `IMG_20261123_10${n}2.jpg`, thumbnail: digest(n + 40), by: me(20 - n) })

export function board(): Board {
  const all = items()
  const at = (code: string) => all.find((item) => item.code === code) as ItemView
  const contested = at('B-01')
  const severe = head({ type: 'answer', value: 'nonconforming' }, colleague(18))
  const mild = head({ type: 'answer', value: 'conforms' }, me(15))
  contested.result = { ...contested.result, shown: severe.value, heads: [severe, mild], contested: true }
  contested.remark = field('item', contested.rec, 'remark', [head(text('已当场移除遮挡'), me(15)), head(text('仓库东侧 2 号探头被遮挡'), colleague(18))])
  contested.remark.contested = false
  const finding = (n: number, item: ItemView, fact: string, location: string, level: 'general' | 'major', access: FindingView['access'], returned?: string): FindingView => {
    const rec = id()
    const who = access === 'own' ? me(20 - n) : fire(12)
    return {
      rec,
      number: n,
      department: item.department,
      access,
      item: item.rec,
      assessment: field('finding', rec, 'assessment', [head({ type: 'assessment', value: { level, criterion: level === 'major' ? 'GM-06' : null, basis: item.violated } }, who)]),
      location: field('finding', rec, 'location', [head(text(location), who)]),
      fact: field('finding', rec, 'fact', [head(text(fact), who)]),
      requirement: field('finding', rec, 'requirement', [head(text('立即恢复探头正常工作并复核报警联锁，完成后提交校验记录。'), who)]),
      deadline: field('finding', rec, 'deadline', [head({ type: 'date', value: '2026-12-03' }, who)]),
      evidence: n === 3 ? [] : [photo(rec, n), photo(rec, n + 2)],
      review: returned ? { state: 'returned', comment: returned, reviewer: '审核员庚', wall: new Date(Date.now() - 5 * 60_000).toISOString() } : null,
      by: who,
    }
  }
  const findings = [
    finding(1, contested, '危化品仓库东侧 2 号可燃气体探头被纸箱遮挡，控制室显示该点位自 11 月 20 日起处于屏蔽状态。', '危化品仓库东侧 2 号探头', 'major', 'own'),
    finding(2, at('A-03'), '全员安全生产责任制未覆盖设备部，缺 2025 年第三季度考核记录。', '办公楼三层 安全环保部', 'general', 'own', '照片看不清文件日期，请补拍责任制文件首页和签字页。'),
    finding(3, at('F-03'), '成品库自动喷水灭火系统末端试水装置压力为 0。', '成品库南侧', 'general', 'propose'),
  ]
  return {
    ledger: LEDGER,
    task: TASK,
    title: '江北化工新材料（示例）联合检查',
    number: '联检〔2026〕12号',
    status: 'dispatched',
    visit_date: new Date(Date.now() + 8 * 3600_000).toISOString().slice(0, 10),
    announced: false,
    enterprise: { id: id(), uscc: '91320100MA00000X0A', name: '示例市江北新区合成高分子新材料科技股份有限公司第二分厂', address: '示例市江北新区化学工业园区方水东路一百九十八号精细化工产业园三期甲类车间与配套罐区（园区西门进）', legal_rep: '法人壬', principal: '负责人癸', risk: 'larger', industry_code: 'C2651', hazard_tags: ['hazchem_use', 'major_hazard_source3', 'confined_space'] },
    parties: [
      { department: EMERGENCY, name: '示例市应急管理局', short_name: '应急', lead: true, answered: 4, items: 15, own: true },
      { department: FIRE, name: '示例市消防救援支队', short_name: '消防', lead: false, answered: 4, items: 8, own: false },
      { department: MARKET, name: '示例市市场监督管理局', short_name: '市监', lead: false, answered: 0, items: 6, own: false },
    ],
    team: [
      ['检查员甲', EMERGENCY, 'site_lead', ['平板 1']],
      ['检查员乙', EMERGENCY, 'inspector', ['平板 2']],
      ['检查员丙', FIRE, 'site_lead', ['平板 3']],
      ['检查员丁', FIRE, 'inspector', []],
      ['检查员戊', MARKET, 'site_lead', ['平板 4', '平板 5']],
      ['检查员己', MARKET, 'deputy', []],
    ].map(([name, department, role, tablets], n) => ({ person: `person-${name as string}`, name, cert_no: `32010${n}26000${n}7`, department, role, tablets })) as Board['team'],
    items: all,
    findings,
    conflicts: [
      { field: contested.result, title: `${contested.code} ${contested.text}`, department: EMERGENCY, shown_because: 'severest', may_decide: true },
    ],
    proposals: [
      { rec: id(), target: { kind: 'finding', rec: findings[1]?.rec ?? '', field: 'assessment' }, title: '问题 2 责任制未覆盖设备部', department: EMERGENCY, value: { type: 'assessment', value: { level: 'major', criterion: 'GM-01', basis: ['AQF-36-3'] } }, reason: '设备部承担联锁维护，缺考核与联锁屏蔽有直接关系，建议按重大处理。', by: fire(9), reply: null, may_reply: true },
      { rec: id(), target: { kind: 'item', rec: at('F-01').rec, field: 'result' }, title: 'F-01 疏散通道、安全出口保持畅通', department: FIRE, value: { type: 'answer', value: 'nonconforming' }, reason: '二层东侧出口堆放包装物。', by: me(30), reply: { accepted: true, reason: '现场复核属实。', by: fire(25) }, may_reply: false },
    ],
    decisions: [
      { rec: id(), target: { kind: 'item', rec: at('A-01').rec, field: 'result' }, title: 'A-01 主要负责人、安全管理人员经考核合格', department: EMERGENCY, values: [head({ type: 'answer', value: 'nonconforming' }, colleague(60)), head({ type: 'answer', value: 'conforms' }, me(58))], chosen: { type: 'answer', value: 'conforms' }, reason: '企业补交了考核合格证原件，查验在有效期内。', by: me(50) },
    ],
    notes: [{ rec: id(), text: field('note', id(), 'text', [head(text('与当班班长谈话：承认 11 月 20 日起为避免误报屏蔽 2 号探头，未办审批。'), me(22))]), by: me(22) }],
    judgements: [
      { change: 'AAAAAAAAAAAAAAAAAAAAAA', resolution: null, verdict: 'void', reason: 'not_owner', intent: 'item.answer', by: fire(33) },
      { change: 'BBBBBBBBBBBBBBBBBBBBBA', resolution: null, verdict: 'review', reason: 'authority_changed', intent: 'item.answer', by: colleague(20) },
      { change: 'CCCCCCCCCCCCCCCCCCCCCA', resolution: { accepted: true, reason: '已与带队电话核实：签字前当场补充，平板当时没有信号。', reviewer: '复核员示例' }, verdict: 'review', reason: 'after_sealing', intent: 'finding.edit', by: me(15) },
      { change: 'DDDDDDDDDDDDDDDDDDDDDA', resolution: { accepted: false, reason: '平板遗失之后拍摄，不能确认是本人。', reviewer: '复核员示例' }, verdict: 'review', reason: 'revoked', intent: 'evidence.add', by: fire(12) },
    ],
    documents: [{ rec: id(), pdf_sha256: digest(77), bytes: 88_120, by: me(3) }],
    clocks: [],
    cancellation: null,
    from_newer_version: 0,
  }
}

export const laws: Article[] = [
  { code: 'AQF-36-3', title: '中华人民共和国安全生产法', article: '第三十六条第三款', text: '生产经营单位不得关闭、破坏直接关系生产安全的监控、报警、防护、救生设备、设施，或者篡改、隐瞒、销毁其相关数据、信息。', effective_from: '2021-09-01', uncertain: false },
  { code: 'AQF-99-2', title: '中华人民共和国安全生产法', article: '第九十九条', text: '责令限期改正，处五万元以下的罚款；逾期未改正的，处五万元以上二十万元以下的罚款，对其直接负责的主管人员和其他直接责任人员处一万元以上二万元以下的罚款。', effective_from: '2021-09-01', uncertain: false },
  { code: 'WHP-25', title: '危险化学品安全管理条例', article: '第二十五条', text: '储存危险化学品的单位应当建立危险化学品出入库核查、登记制度。', effective_from: null, uncertain: true },
]
export const criteria: Article[] = [
  { code: 'GM-06', title: '化工和危险化学品重大隐患判定标准', article: '', text: '涉及可燃和有毒有害气体泄漏的场所未按国家标准设置检测报警装置，或者报警装置未正常投用。', effective_from: '2017-11-13', uncertain: false },
  { code: 'GM-01', title: '化工和危险化学品重大隐患判定标准', article: '', text: '危险化学品生产、经营单位主要负责人和安全生产管理人员未依法经考核合格。', effective_from: '2017-11-13', uncertain: false },
]

export function visits(of: Board, count: number): Visit[] {
  const major = 1
  const day = (offset: number) => new Date(Date.now() + 8 * 3600_000 + offset * 86_400_000).toISOString().slice(0, 10)
  const main: Visit = {
    card: { ledger: of.ledger, task: of.task, title: of.title, number: of.number, status: of.status, enterprise: of.enterprise.name, address: of.enterprise.address, risk: of.enterprise.risk, visit_date: of.visit_date, departments: of.parties.map((p) => p.short_name), answered: of.parties.reduce((n, p) => n + p.answered, 0), items: of.items.length, findings: of.findings.length, major, conflicts: of.conflicts.length, returned: 1 },
    missing: [],
  }
  const names = ['示例市栖霞冷链食品有限公司', '示例大学化学化工学院实验中心', '示例市秦淮商业综合体管理有限公司', '示例市溧水机械制造有限公司']
  const others = Array.from({ length: count }, (_, n): Visit => ({
    card: { ...main.card, task: `a0000000-0000-4000-8000-00000000${String(1000 + n)}`, number: `联检〔2026〕${13 + n}号`, enterprise: names[n % 4] ?? '', address: '示例市栖霞区示例路 18 号', risk: (['major', 'general', 'low', 'larger'] as const)[n % 4] ?? 'low', visit_date: day(n === 0 ? 0 : n - 2), answered: n === 2 ? 31 : 0, items: 31, findings: n === 2 ? 2 : 0, major: 0, conflicts: 0, returned: 0, status: n === 2 ? 'approved' : 'dispatched' },
    missing: n === 1 ? ['package'] : [],
  }))
  return [main, ...others]
}
