// Behaves like the app's Rust side as far as screens can tell. No rule of the
// trade is proved here; it only lets screens be looked at and driven.
import type { AppError, AppStatus, Board, ChosenValue, ErrorCode, FieldView, FileStatus, FindingDraft, HistoryEntry, RescuePack, RescuePlace, ShownValue, SyncStatus, Target } from '../../src/platform/app'
import { board, criteria, EMERGENCY, field, head, headId, id, laws, me, visits } from './data'

export type Scene = 'work' | 'empty' | 'many' | 'error' | 'unenrolled' | 'locked' | 'waiting' | 'safe' | 'lease' | 'withdrawn' | 'damaged' | 'wiped' | 'full'

const GATES: Partial<Record<Scene, AppStatus['gate']>> = {
  unenrolled: 'unenrolled',
  locked: 'locked',
  waiting: 'locked',
  lease: 'lease_ended',
  withdrawn: 'withdrawn',
  damaged: 'store_damaged',
  wiped: 'wiped',
}

const refuse = (code: ErrorCode, detail: string | null = null): never => {
  const error: AppError = { code, detail }
  throw error
}

type Args = Record<string, never>;

export class StandIn {
  private readonly state: Board = board()
  private gate: AppStatus['gate']
  private wrong = 0
  private waitUntil = 0
  private unsent = 3

  constructor(private readonly scene: Scene) {
    this.gate = GATES[scene] ?? 'open'
    if (scene === 'waiting') {
      this.wrong = 7
      this.waitUntil = Date.now() + 95_000
    }
    if (scene === 'safe') this.unsent = 0
    if (scene === 'many') this.multiply()
  }

  answer(command: string, args: Args): unknown {
    const name = command.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
    const method = (this as unknown as Record<string, ((args: Args) => unknown) | undefined>)[name]
    if (!method) throw new Error(`the stand-in does not know ${command}`)
    const result = method.call(this, args)
    return JSON.parse(JSON.stringify(result)) as unknown
  }

  picture(sha256: string): string {
    const hue = (Number(sha256.slice(0, 2)) * 47) % 360
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300"><rect width="400" height="300" fill="hsl(${hue} 18% 62%)"/><path d="M0 220l90-70 70 50 110-110 130 120v90H0z" fill="hsl(${hue} 22% 40%)"/><circle cx="320" cy="70" r="28" fill="hsl(${hue} 40% 80%)"/></svg>`
    return `data:image/svg+xml,${encodeURIComponent(svg)}`
  }

  /** Two hundred items and many findings, to see that nothing jumps. */
  private multiply() {
    const first = this.state.items.filter((item) => item.department === EMERGENCY)
    for (let n = 0; n < 170; n += 1) {
      const item = first[n % first.length]
      if (!item) continue
      const rec = id()
      this.state.items.push({ ...item, rec, code: `X-${n + 1}`, section: `补充检查项 ${Math.floor(n / 20) + 1}`, result: field('item', rec, 'result'), remark: field('item', rec, 'remark') })
    }
  }

  status(): AppStatus {
    return {
      gate: this.gate,
      person: this.gate === 'unenrolled' ? null : { name: '检查员甲', department: '示例市应急管理局', department_short: '应急', cert_no: '32010026000107', valid_to: new Date(Date.now() + 19 * 86_400_000).toISOString().slice(0, 10), tablet: '平板 1' },
      wait_seconds: Math.max(0, Math.ceil((this.waitUntil - Date.now()) / 1000)),
      wrong_pins: this.wrong,
      version: '0.1.0',
      tablet: '平板 1',
      lease_days_left: this.gate === 'open' ? 14 : null,
      wiped: this.gate === 'wiped' ? { order: 'wipe_after_push', ordered_at: '2026-11-22T01:20:00.000Z', at: '2026-11-23T02:11:05.000Z' } : null,
      recoverable: true,
      space: this.scene === 'full' ? 'full' : this.scene === 'error' ? 'low' : 'plenty',
      suggested_server: 'http://127.0.0.1:8080',
      suggested_code: null,
    }
  }
  enrol({ code, pin }: { code: string; pin: string }): AppStatus {
    if (code === 'WRONG') refuse('code_wrong')
    if (!/^\d{6,}$/.test(pin)) refuse('pin_weak')
    this.gate = 'open'
    return this.status()
  }
  unlock({ pin }: { pin: string }): AppStatus {
    if (pin !== '246810') {
      this.wrong += 1
      if (this.wrong >= 10) this.waitUntil = Date.now() + 30_000
      refuse(this.wrong >= 10 ? 'pin_wait' : 'pin_wrong', this.wrong >= 10 ? '30' : null)
    }
    this.wrong = 0
    this.gate = 'open'
    return this.status()
  }
  lock(): AppStatus {
    this.gate = 'locked'
    return this.status()
  }
  visits() {
    if (this.scene === 'error') refuse('store_damaged')
    return this.scene === 'empty' ? [] : visits(this.count(), this.scene === 'many' ? 60 : 4)
  }
  board(): Board {
    return this.count()
  }
  articles({ codes }: { codes: string[] }) {
    return [...laws, ...criteria].filter((law) => codes.includes(law.code))
  }
  laws() {
    return laws
  }
  criteria() {
    return criteria
  }

  private count(): Board {
    for (const party of this.state.parties) {
      const own = this.state.items.filter((item) => item.department === party.department)
      party.items = own.length
      party.answered = own.filter((item) => item.result.shown?.type === 'answer' && item.result.shown.value).length
    }
    return this.state
  }
  private write(target: FieldView, value: ShownValue) {
    const others = target.heads.filter((old) => old.by.name !== me().name)
    target.heads = [...others, head(value, me())]
    target.shown = target.heads[0]?.value ?? null
    target.contested = new Set(target.heads.map((h) => JSON.stringify(h.value))).size > 1
    this.unsent += 1
  }
  private find(target: Target): FieldView {
    const fields = [...this.state.items.flatMap((i) => [i.result, i.remark]), ...this.state.findings.flatMap((f) => [f.assessment, f.fact, f.location, f.requirement, f.deadline])]
    return fields.find((f) => f.target.rec === target.rec && f.target.field === target.field) ?? refuse('no_such_record')
  }
  answerItem({ item, answer }: { item: string; answer: never }): Board {
    const found = this.state.items.find((i) => i.rec === item) ?? refuse('no_such_record')
    this.write(found.result, { type: 'answer', value: answer })
    return this.count()
  }
  editField({ target, value }: { target: Target; value: ChosenValue }): Board {
    this.write(this.find(target), value as ShownValue)
    return this.count()
  }
  createFinding({ draft }: { draft: FindingDraft }) {
    const rec = id()
    const of = (name: string, value: ShownValue) => field('finding', rec, name, [head(value, me())])
    this.state.findings.push({
      rec,
      number: this.state.findings.length + 1,
      department: EMERGENCY,
      access: 'own',
      item: draft.item,
      assessment: of('assessment', { type: 'assessment', value: { level: draft.level, criterion: draft.criterion, basis: draft.basis } }),
      location: of('location', { type: 'text', value: draft.location }),
      fact: of('fact', { type: 'text', value: draft.fact }),
      requirement: of('requirement', { type: 'text', value: draft.requirement }),
      deadline: of('deadline', { type: 'date', value: '2026-12-07' }),
      evidence: [],
      review: null,
      by: me(),
    })
    this.unsent += 1
    return { rec, board: this.count() }
  }
  putEvidence(bytes: never): Board {
    if ((bytes as Uint8Array).length === 0) refuse('file_empty')
    const finding = this.state.findings.at(-1)
    finding?.evidence.push({ rec: id(), subject: finding.rec, sha256: '33'.repeat(32), bytes: (bytes as Uint8Array).length, media_type: 'image/jpeg', name: '现场.jpg', thumbnail: null, by: me() })
    this.unsent += 2
    return this.count()
  }
  propose({ target, value, reason }: { target: Target; value: ShownValue; reason: string }): Board {
    this.state.proposals.unshift({ rec: id(), target, title: '建议', department: this.state.items.find((i) => i.rec === target.rec)?.department ?? EMERGENCY, value, reason, by: me(), reply: null, may_reply: false })
    return this.count()
  }
  replyProposal({ rec, accepted, reason }: { rec: string; accepted: boolean; reason: string }): Board {
    const proposal = this.state.proposals.find((p) => p.rec === rec) ?? refuse('no_such_record')
    proposal.reply = { accepted, reason, by: me() }
    proposal.may_reply = false
    return this.count()
  }
  decide({ target, head: chosen, reason }: { target: Target; head: string; reason: string }): Board {
    const found = this.find(target)
    const value = found.heads.find((h) => h.id === chosen) ?? refuse('no_conflict')
    const conflict = this.state.conflicts.find((c) => c.field.target.rec === target.rec) ?? refuse('no_conflict')
    this.state.decisions.unshift({ rec: id(), target, title: conflict.title, department: EMERGENCY, values: found.heads, chosen: value.value, reason, by: me() })
    this.state.conflicts = this.state.conflicts.filter((c) => c !== conflict)
    Object.assign(found, { heads: [{ ...value, decided: true }], shown: value.value, contested: false })
    return this.count()
  }
  addNote({ text }: { text: string }): Board {
    this.state.notes.unshift({ rec: id(), text: field('note', id(), 'text', [head({ type: 'text', value: text }, me())]), by: me() })
    return this.count()
  }
  history(): HistoryEntry[] {
    const entry = (intent: string, title: string, ago: number, verdict: string | null = null): HistoryEntry => ({ change: headId(), intent, title, reason: intent === 'conflict.decide' ? '企业补交了考核合格证原件，查验在有效期内。' : null, by: me(ago), verdict })
    return [
      entry('conflict.decide', 'A-01 主要负责人、安全管理人员经考核合格：采用「符合」', 50),
      entry('finding.create', '问题 1 危化品仓库东侧 2 号可燃气体探头被纸箱遮挡', 20),
      entry('item.answer', 'B-01 可燃气体和有毒气体检测报警装置：符合', 15),
      entry('item.answer', 'F-01 疏散通道、安全出口保持畅通：不符合', 33, 'void'),
      entry('task.dispatch', '联检〔2026〕12号', 24 * 60),
    ]
  }
  makeSiteRecord() {
    if (this.scene === 'error') refuse('fonts_missing')
    this.state.documents.unshift({ rec: id(), pdf_sha256: '42'.repeat(32), bytes: 91_204, by: me() })
    return { rec: id(), sha256: '42'.repeat(32), path: '/home/inspector/.local/share/cn.lianjian.app/documents/联检〔2026〕12号-现场检查记录.pdf', warnings: ['照片「IMG_20261123_1012.jpg」的缩略图未印出，其哈希值已列明'] }
  }
  syncStatus(): SyncStatus {
    const files = this.files(this.unsent)
    const own = files.filter((file) => ['only_here', 'sending'].includes(file.state) || file.reason === 'damaged_here')
    return {
      running: false,
      unsent_changes: this.unsent,
      unsent_files: own.length,
      unsent_bytes: own.reduce((sum, file) => sum + (file.bytes ?? 0), 0),
      last_contact: new Date(Date.now() - 12 * 60_000).toISOString(),
      last_error: this.scene === 'safe' ? null : { code: this.scene === 'error' ? 'server_trouble' : 'offline', detail: null },
      pending: ['item.answer', 'finding.create', 'file'].slice(0, this.unsent).map((intent) => ({ ledger: this.state.ledger, enterprise: this.state.enterprise.name, intent, wall: me(4).wall, bytes: intent === 'file' ? 3_482_113 : 0 })),
      files,
      clock_ahead_ms: this.scene === 'error' ? 9 * 60_000 : 900,
      free_bytes: this.scene === 'full' ? 12_000 : this.scene === 'error' ? 214_000_000 : 38_400_000_000,
      space: this.scene === 'full' ? 'full' : this.scene === 'error' ? 'low' : 'plenty',
      lease_days_left: this.scene === 'error' ? 3 : 14,
    }
  }
  private files(unsent: number): FileStatus[] {
    let n = 10
    const file = (part: Partial<FileStatus>): FileStatus => ({ sha256: String((n += 1)).repeat(32), kind: 'original', name: '', task: this.state.task, enterprise: this.state.enterprise.name, bytes: 3_482_113, sent_bytes: 0, state: 'only_here', reason: null, ...part })
    const safe = file({ name: 'IMG_20261123_0958.jpg', sent_bytes: 3_482_113, state: 'at_server' })
    if (unsent === 0) return [safe]
    return [
      file({ name: '危化品仓库东侧可燃气体探头遮挡情况_20261123_1012.mp4', bytes: 214_300_000, sent_bytes: 88_080_384, state: 'sending' }),
      file({ name: 'IMG_20261123_1015.jpg', kind: 'thumbnail', bytes: 18_204 }),
      file({ name: 'IMG_20261123_1015.jpg' }),
      file({ name: 'IMG_20261123_1009.jpg', bytes: 4_120_000, sent_bytes: 1_048_576 }),
      file({ kind: 'package', bytes: 96_000, state: 'to_fetch' }),
      file({ kind: 'document', bytes: 91_204, sent_bytes: 65_536, state: 'fetching' }),
      file({ name: '配电间.jpg', state: 'missing', reason: 'not_at_office' }),
      file({ name: '应急出口.jpg', state: 'missing', reason: 'tablet_lost' }),
      file({ name: '仓库.heic', state: 'missing', reason: 'damaged_here' }),
      safe,
    ]
  }
  syncNow(): SyncStatus {
    if (this.scene === 'error') refuse('server_trouble')
    this.unsent = 0
    return this.syncStatus()
  }
  resetPin({ code, pin }: { code: string; pin: string }): AppStatus {
    if (code === 'WRONG') refuse('reset_code_wrong')
    if (!/^\d{6,}$/.test(pin)) refuse('pin_weak')
    this.gate = 'open'
    return this.status()
  }
  changePin({ old }: { old: string }): null {
    if (old !== '246810') refuse('pin_wrong')
    return null
  }
  rescuePlaces(): RescuePlace[] {
    return [
      { path: '/run/media/inspector/UDISK', removable: true, free_bytes: 14_200_000_000 },
      { path: '/home/inspector/下载', removable: false, free_bytes: 38_400_000_000 },
    ]
  }
  rescuePack({ folder, pin }: { folder: string; pin: string | null }): RescuePack {
    if (this.gate === 'locked' && pin !== '246810') refuse('pin_wrong')
    if (folder.includes('nowhere')) refuse('folder_unusable')
    const name = '联检救援包-平板1-4f1c-20261123-101105.ljpack'
    return { path: `${folder}/${name}`, name, sha256: 'b3'.repeat(32), bytes: 7_482_113, changes: 12, files: 4, missing: this.scene === 'damaged' ? 2 : 0 }
  }
  startAnew(): AppStatus {
    this.gate = 'unenrolled'
    return this.status()
  }
  forgetWipe(): AppStatus {
    return this.startAnew()
  }
  checkStore() {
    return { sound: this.scene !== 'damaged' }
  }
}
