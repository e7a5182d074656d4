// Takes pictures of every screen of the console, to be looked at: both themes,
// two sizes, full, empty and in trouble. Also fails on errors in the page and on
// anything the content policy refused.
//
//   node tests/console/look.mjs [folder for pictures] [folder of the build] [part of a name]
import { mkdir } from 'node:fs/promises'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { start } from './server.mjs'

const [folder = 'look/console', root, only = ''] = process.argv.slice(2)
await mkdir(folder, { recursive: true })

const profile = mkdtempSync(join(tmpdir(), 'console-look-'))
const context = await chromium.launchPersistentContext(profile, {
  executablePath: '/usr/bin/chromium',
  headless: true,
  locale: 'zh-CN',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--lang=zh-CN'],
})
const problems = []
const SIZES = { wide: { width: 1366, height: 768 }, tall: { width: 800, height: 1280 } }
const by = (id) => `[data-testid="${id}"]`

async function visit(url, account, theme, language = 'zh-CN') {
  const page = await context.newPage()
  page.on('console', (message) => {
    const text = message.text()
    if (message.type() === 'error' && !/Failed to load resource/.test(text)) problems.push(text)
  })
  page.on('pageerror', (error) => problems.push(String(error)))
  await page.goto(`${url}/login`)
  await page.evaluate(([t, l]) => { localStorage.setItem('lianjian.theme', t); localStorage.setItem('lianjian.language', l) }, [theme, language])
  await page.reload()
  if (account) {
    await page.fill(by('login-account'), account)
    await page.fill(by('login-password'), 'demo')
    await page.click(by('login-submit'))
    await page.waitForSelector(by('account-name'))
  }
  return page
}

async function shoot(page, name, size, full = false) {
  if (!name.includes(only)) return
  await page.setViewportSize(SIZES[size])
  await page.waitForTimeout(250)
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  if (wide > 0) problems.push(`${name} ${size}: ${wide} px wider than the window`)
  await page.screenshot({ path: join(folder, `${name}-${size}.png`), fullPage: full })
}

const both = async (page, name, full) => { await shoot(page, name, 'wide', full); await shoot(page, name, 'tall', full) }
const go = async (page, path, wait) => { await page.goto(new URL(path, page.url()).href); if (wait) await page.waitForSelector(wait) }

async function fillNewTask(page) {
  await page.fill(by('enterprise-search'), '示例')
  await page.waitForSelector(by('enterprise-option-0'))
  await shoot(page, 'new-task-search', 'wide')
  await page.click(by('enterprise-option-0'))
  for (const [i, short] of ['应急', '消防'].entries()) {
    await page.click(by('party-add'))
    const value = await page.locator(`${by(`party-select-${i}`)} option`, { hasText: short }).first().getAttribute('value')
    await page.selectOption(by(`party-select-${i}`), value)
    const boxes = page.locator(`${by(`party-${i}`)} input[type=checkbox]`)
    await boxes.first().waitFor()
    await boxes.nth(0).check()
    if (i === 0) await boxes.nth(1).check()
  }
  await page.waitForSelector(by('items-count'))
}

/** A task that is out: its team, an item handed on, the visit called off. */
async function running(page, t) {
  await page.setViewportSize(SIZES.wide)
  await page.click(by('tab-overview'))
  await page.click(by('team-change-市监'))
  await page.waitForSelector(by('party-deputy-team'))
  await page.locator(`${by('team-sheet')} input[type=checkbox]:checked`).first().uncheck()
  await page.click(by('team-submit'))
  await both(page, `${t}team`)
  await page.click(by('team-back'))
  await page.setViewportSize(SIZES.wide)
  await page.click(by('tab-items'))
  await page.locator('[data-testid^="board-item-"] summary').first().click()
  await page.locator('[data-testid^="hand-on-"]').first().click()
  await page.click(by('hand-on-dialog-submit'))
  await both(page, `${t}hand-on`)
  await page.click(by('hand-on-dialog-back'))
  await page.setViewportSize(SIZES.wide)
  await page.click(by('task-cancel'))
  await page.click(by('cancel-dialog-submit'))
  await both(page, `${t}cancel`)
  await page.fill(by('cancel-dialog-reason'), '企业因设备大修停产至年底，已与企业核实。')
  await page.click(by('cancel-dialog-submit'))
  await page.waitForSelector(by('task-cancelled'))
  await both(page, `${t}cancelled`)
  await page.setViewportSize(SIZES.wide)
}

async function story(url, theme) {
  const t = theme === 'outdoor' ? 'contrast-' : ''
  const page = await visit(url, 'office', theme)
  await page.waitForSelector(by('figure-dispatched'))
  await both(page, `${t}overview`)
  await page.click(by('account-menu'))
  await shoot(page, `${t}account`, 'wide')
  await go(page, '/tasks', '[data-row]')
  await both(page, `${t}tasks`)
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await page.waitForSelector(by('board-enterprise'))
  if (!/\/tasks\/[0-9a-f-]{36}/.test(page.url())) problems.push('Enter did not open a row')
  await both(page, `${t}task-draft`)
  await page.click(by('task-dispatch'))
  await shoot(page, `${t}dispatch`, 'wide')
  await page.click(by('confirm-cancel'))
  await go(page, '/tasks', '[data-row]')
  await page.setViewportSize(SIZES.wide)
  await page.locator('[data-row]').first().click()
  await page.waitForSelector(by('tab-items'))
  await both(page, `${t}task-overview`, true)
  for (const tab of ['items', 'findings', 'disputes', 'history']) {
    await page.click(by(`tab-${tab}`))
    await page.waitForTimeout(300)
    if (tab === 'items') {
      await page.locator('[data-testid^="board-item-"] summary').first().click()
      await page.locator(by('cite-AQF-36-3')).first().click()
    }
    await both(page, `${t}task-${tab}`, tab !== 'items')
  }
  await running(page, t)
  await go(page, '/tasks/new', by('party-add'))
  await shoot(page, `${t}new-task-empty`, 'wide')
  await fillNewTask(page)
  await both(page, `${t}new-task`, true)
  await page.setViewportSize(SIZES.wide)
  await page.click(by('task-create'))
  await page.waitForSelector(by('error-message'))
  await both(page, `${t}new-task-refused`, true)
  page.on('dialog', (dialog) => dialog.accept())
  await go(page, '/enterprises', '[data-row]')
  await both(page, `${t}enterprises`)
  await page.locator('[data-row]').first().click()
  await page.waitForSelector(by('enterprise-detail'))
  await both(page, `${t}enterprise`)
  await go(page, '/directory', '[data-row]')
  await both(page, `${t}directory`)
  await page.locator('[data-row]').first().click()
  await page.waitForSelector('[data-testid^="code-for-"]')
  await both(page, `${t}department`)
  await page.locator('[data-testid^="code-for-"]').first().click()
  await page.waitForSelector(by('code-value'))
  await shoot(page, `${t}code`, 'wide')
  await go(page, '/tablets', 'table')
  await both(page, `${t}tablets`, true)
  await page.locator('[data-testid^="reset-for-"]').first().click()
  await page.waitForSelector(by('code-value'))
  await shoot(page, `${t}tablet-reset`, 'wide')
  await page.click(by('code-done'))
  await page.locator('[data-testid^="revoke-"]').first().click()
  await page.fill(by('revoke-reason'), '平板遗失')
  await page.click(by('revoke-wipe-wipe_now'))
  await page.check(by('revoke-understood'))
  await page.click(by('revoke-confirm'))
  await page.waitForSelector(by('revoke-error'))
  await both(page, `${t}tablet-revoke`)
  await page.click(by('dialog-close'))
  await page.setInputFiles(by('pack-file'), { name: 'x.ljpack', mimeType: 'application/octet-stream', buffer: Buffer.from('no pack') })
  await page.waitForSelector(by('pack-error'))
  await shoot(page, `${t}tablet-pack-refused`, 'wide', true)
  for (const turn of [1, 2]) {
    await page.setViewportSize(SIZES.wide)
    await page.click(by('nav-tablets'))
    await page.click(by('issue-code'))
    await page.selectOption(by('code-department'), { label: '示例市消防救援支队' })
    await page.locator('[data-testid^="code-for-"]').nth(turn).click()
    await page.waitForSelector(by('code-value'))
    if (turn === 1) await shoot(page, `${t}issue`, 'wide')
    await page.click(by('code-done'))
  }
  await go(page, '/import', by('import-template'))
  await page.setInputFiles(by('import-file'), { name: '名录.xlsx', mimeType: 'application/octet-stream', buffer: Buffer.from('not a spreadsheet') })
  await page.waitForSelector(by('import-error'))
  await both(page, `${t}import-refused`)
  await page.setInputFiles(by('import-file'), { name: '企业名录2026.xlsx', mimeType: 'application/octet-stream', buffer: Buffer.from('PK\u0003\u0004') })
  await page.waitForSelector(by('import-counts'))
  await both(page, `${t}import-preview`, true)
  await page.close()
}

async function review(url, theme) {
  const t = theme === 'outdoor' ? 'contrast-' : ''
  const page = await visit(url, 'supervisor', theme)
  await go(page, '/review', '[data-row]')
  await both(page, `${t}reviews`)
  await page.setViewportSize(SIZES.wide)
  await page.locator('[data-row]').first().click()
  await page.waitForSelector(by('finding-1'))
  await page.waitForTimeout(800)
  await both(page, `${t}review`, false)
  await shoot(page, `${t}review-all`, 'wide', true)
  await page.setViewportSize(SIZES.wide)
  await page.locator('[data-testid^="evidence-"] img').first().click()
  await page.waitForTimeout(400)
  await both(page, `${t}evidence`)
  await page.click(by('evidence-close'))
  await page.setViewportSize(SIZES.wide)
  await page.click(by('finding-return-1'))
  await page.click(by('return-submit'))
  await shoot(page, `${t}return`, 'wide')
  await page.fill(by('return-comment'), '请补拍控制室主机的日期和时间。')
  await page.click(by('return-submit'))
  await page.waitForSelector(`${by('finding-1')}[data-outcome=returned]`)
  await both(page, `${t}returned`)
  await page.setViewportSize(SIZES.wide)
  await page.click(by('approve-rest'))
  await shoot(page, `${t}approve`, 'wide')
  await page.click(by('confirm-ok'))
  await page.waitForSelector(`${by('finding-2')}[data-outcome=approved]`)
  await shoot(page, `${t}approved`, 'wide', true)
  await page.click(by('to-task'))
  await page.click(by('tab-disputes'))
  await page.locator('[data-testid^="judgement-decline-"]').first().click()
  await page.click(by('settle-dialog-submit'))
  await both(page, `${t}settle`)
  await page.setViewportSize(SIZES.wide)
  await page.fill(by('settle-dialog-reason'), '席位变动之后写下，本人已不在队伍中。')
  await page.click(by('settle-dialog-submit'))
  await page.waitForSelector('[data-testid^="judgement-decline-"]', { state: 'detached' })
  await both(page, `${t}settled`, true)
  await page.close()
}

async function edges() {
  const full = await start({ root })
  const login = await visit(full.url, null, 'light')
  await both(login, 'login')
  await login.fill(by('login-account'), 'locked')
  await login.fill(by('login-password'), 'x')
  await login.click(by('login-submit'))
  await login.waitForSelector(by('error-message'))
  await both(login, 'login-locked')
  await login.close()
  const admin = await visit(full.url, 'admin', 'light')
  await admin.waitForSelector('[data-row]')
  await shoot(admin, 'home-admin', 'wide')
  await admin.close()
  full.server.close()

  const english = await start({ root })
  const page = await visit(english.url, 'office', 'light', 'en')
  await go(page, '/tasks', '[data-row]')
  await both(page, 'english-tasks')
  await page.locator('[data-row]').first().click()
  await page.waitForSelector(by('tab-disputes'))
  await page.click(by('tab-disputes'))
  await both(page, 'english-disputes')
  await page.close()
  english.server.close()

  const empty = await start({ root, scenario: 'empty' })
  const blank = await visit(empty.url, 'office', 'light')
  for (const path of ['overview', 'tasks', 'enterprises', 'tablets']) {
    await go(blank, `/${path}`)
    await blank.waitForTimeout(500)
    await shoot(blank, `empty-${path}`, 'wide')
  }
  await blank.close()
  empty.server.close()

  const trouble = await start({ root, scenario: 'trouble' })
  const broken = await visit(trouble.url, 'office', 'light')
  await go(broken, '/tasks')
  await broken.waitForSelector(by('error-message'))
  await both(broken, 'trouble-tasks')
  trouble.server.closeAllConnections()
  trouble.server.close()
  await broken.click(by('retry'))
  await broken.waitForTimeout(1500)
  await shoot(broken, 'trouble-offline', 'wide')
  await broken.close()
}

for (const theme of ['light', 'outdoor']) {
  const office = await start({ root })
  await story(office.url, theme)
  office.server.closeAllConnections()
  office.server.close()
  const desk = await start({ root })
  await review(desk.url, theme)
  desk.server.closeAllConnections()
  desk.server.close()
}
await edges()
await context.close()
rmSync(profile, { recursive: true, force: true })
if (problems.length > 0) {
  console.error([...new Set(problems)].join('\n'))
  process.exitCode = 1
}
process.exit()
