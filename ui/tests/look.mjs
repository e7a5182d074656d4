// Photographs every screen of the app at the sizes and themes it is made for,
// into look/, and reports what a picture does not show: errors in the console,
// pages wider than the window, targets under 48 px. Start: npm run look [word,word…]
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, URL } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { chromium } from 'playwright-core'
import { build, preview } from 'vite'

const only = process.argv[2] ?? ''
const task = 'a0000000-0000-4000-8000-000000000001'
const at = (rest) => `/task/${task}/${rest}`
const click = (id) => (page) => page.getByTestId(id).first().click()
const screens = [
  { name: 'enrol', scene: 'unenrolled', path: '/' },
  { name: 'enrol-error', scene: 'unenrolled', path: '/', act: async (page) => {
    await page.getByTestId('enrol-code').fill('WRONG')
    await page.getByTestId('enrol-pin').fill('246810')
    await page.getByTestId('enrol-pin2').fill('246810')
    await page.getByTestId('enrol-submit').click()
    await page.getByTestId('error-message').waitFor()
  } },
  { name: 'unlock', scene: 'locked', path: '/' },
  { name: 'unlock-wait', scene: 'waiting', path: '/' },
  { name: 'unlock-wrong', scene: 'locked', path: '/', act: async (page) => {
    await page.getByTestId('unlock-pin').fill('111111')
    await page.getByTestId('unlock-submit').click()
    await page.getByTestId('error-message').waitFor()
  } },
  { name: 'unlock-forgot', scene: 'locked', path: '/', act: async (page) => {
    await page.getByTestId('unlock-forgot').click()
    await page.getByTestId('reset-code').fill('WRONG')
    await page.getByTestId('reset-pin').fill('246810')
    await page.getByTestId('reset-pin2').fill('246810')
    await page.getByTestId('reset-submit').click()
    await page.getByTestId('error-message').waitFor()
  } },
  { name: 'unlock-rescue', scene: 'locked', path: '/', act: click('rescue-open') },
  { name: 'gate-lease', scene: 'lease', path: '/' },
  { name: 'gate-withdrawn', scene: 'withdrawn', path: '/' },
  { name: 'gate-damaged', scene: 'damaged', path: '/' },
  { name: 'gate-damaged-anew', scene: 'damaged', path: '/', act: click('start-anew') },
  { name: 'gate-damaged-pack', scene: 'damaged', path: '/', act: async (page) => {
    await page.getByTestId('rescue-open').click()
    await page.getByTestId('rescue-place-0').waitFor()
    await page.getByTestId('rescue-write').click()
    await page.getByTestId('rescue-made').waitFor()
  } },
  { name: 'gate-wiped', scene: 'wiped', path: '/' },
  { name: 'space-full', scene: 'full', path: '/sync' },
  { name: 'rescue', scene: 'work', path: '/sync', act: async (page) => {
    await page.getByTestId('rescue-open').click()
    await page.getByTestId('rescue-folder').fill('/nowhere')
    await page.getByTestId('rescue-write').click()
    await page.getByTestId('error-message').last().waitFor()
  } },
  { name: 'pin-change', scene: 'work', path: '/settings', act: async (page) => {
    await page.getByTestId('pin-change-open').click()
    for (const [id, pin] of [['pin-old', '111111'], ['pin-new', '246810'], ['pin-new2', '246810']]) await page.getByTestId(id).fill(pin)
    await page.getByTestId('pin-change').click()
    await page.getByTestId('error-message').waitFor()
  } },
  { name: 'today', scene: 'work', path: '/' },
  { name: 'today-empty', scene: 'empty', path: '/' },
  { name: 'today-many', scene: 'many', path: '/' },
  { name: 'today-error', scene: 'error', path: '/' },
  { name: 'item', scene: 'work', path: at('items/A-04'), act: async (page) => {
    await page.getByTestId('answer-nonconforming').click()
    await page.getByTestId('saved-indicator').waitFor()
  } },
  { name: 'item-contested', scene: 'work', path: at('items/B-01') },
  { name: 'item-foreign', scene: 'work', path: at('items/F-03') },
  { name: 'item-many', scene: 'many', path: at('items/X-100') },
  { name: 'item-drawer', scene: 'work', path: at('items/A-04'), act: async (page) => {
    if (await page.getByTestId('open-list').isVisible()) await page.getByTestId('open-list').click()
  } },
  { name: 'law', scene: 'work', path: at('items/A-04'), act: click('law-AQF-36-3') },
  { name: 'finding-form', scene: 'work', path: at('items/B-01'), act: click('add-finding') },
  { name: 'finding-criterion', scene: 'work', path: at('items/B-01'), act: async (page) => {
    await page.getByTestId('add-finding').click()
    await page.getByTestId('finding-pick-criterion').click()
  } },
  { name: 'findings', scene: 'work', path: at('findings') },
  { name: 'finding-returned', scene: 'work', path: at('findings'), act: click('finding-2') },
  { name: 'finding-foreign', scene: 'work', path: at('findings'), act: click('finding-3') },
  { name: 'propose', scene: 'work', path: at('findings'), act: async (page) => {
    await page.getByTestId('finding-3').click()
    await page.getByTestId('propose-open').click()
  } },
  { name: 'photo', scene: 'work', path: at('findings'), act: async (page) => {
    await page.getByTestId('finding-1').click()
    await page.getByTestId('photo-0').click()
  } },
  { name: 'conflicts', scene: 'work', path: at('conflicts'), act: click('decide-head-0') },
  { name: 'judgements', scene: 'work', path: at('conflicts'), act: (page) => page.getByTestId('judgements').evaluate((list) => list.scrollIntoView()) },
  { name: 'team', scene: 'work', path: at('team') },
  { name: 'notes', scene: 'work', path: at('notes') },
  { name: 'documents', scene: 'work', path: at('documents'), act: click('make-record') },
  { name: 'documents-error', scene: 'error', path: at('documents'), act: click('make-record') },
  { name: 'history', scene: 'work', path: at('history') },
  { name: 'laws', scene: 'work', path: at('laws') },
  { name: 'sync', scene: 'work', path: '/sync' },
  { name: 'sync-safe', scene: 'safe', path: '/sync' },
  { name: 'sync-error', scene: 'error', path: '/sync' },
  { name: 'settings', scene: 'work', path: '/settings' },
  { name: 'certificate', scene: 'work', path: '/certificate' },
]
const looks = [
  { name: 'wide', width: 1280, height: 800, theme: 'light', text: 'normal' },
  { name: 'wide-outdoor', width: 1280, height: 800, theme: 'outdoor', text: 'normal' },
  { name: 'upright', width: 800, height: 1280, theme: 'light', text: 'normal' },
  { name: 'phone', width: 390, height: 844, theme: 'light', text: 'normal' },
  { name: 'phone-larger', width: 390, height: 844, theme: 'outdoor', text: 'larger' },
  { name: 'wide-en', width: 1280, height: 800, theme: 'light', text: 'larger', language: 'en' },
]

// Built once, outside dist/: edits while this runs disturb nothing, and the
// stand-in never comes near what ships.
const local = (path) => fileURLToPath(new URL(path, import.meta.url))
const outDir = await mkdtemp(join(tmpdir(), 'lianjian-look-'))
const shape = { root: local('..'), configFile: false, logLevel: 'error', build: { outDir, emptyOutDir: true, target: 'es2022', rolldownOptions: { input: local('./stand-in/inspector.html') } } }
await build({ ...shape, plugins: [vue()], resolve: { alias: { '@': local('../src') } }, define: { __VUE_I18N_FULL_INSTALL__: 'false', __VUE_I18N_LEGACY_API__: 'false', __INTLIFY_PROD_DEVTOOLS__: 'false' } })
const server = await preview({ ...shape, preview: { port: 0 } })
const { port } = server.httpServer.address()
await mkdir('look', { recursive: true })
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'] })
let complaints = 0
const complain = (where, what) => {
  complaints += 1
  console.log(`${where}: ${what}`)
}
for (const look of looks) {
  const context = await browser.newContext({ viewport: look, hasTouch: look.width < 1000, reducedMotion: 'reduce' })
  for (const screen of screens) {
    const where = `${screen.name}.${look.name}`
      if (!only.split(',').some((word) => where.includes(word))) continue
    const page = await context.newPage()
    page.setDefaultTimeout(8000)
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && !message.location().url.endsWith('favicon.ico') && complain(where, message.text()))
    page.on('pageerror', (error) => complain(where, String(error)))
    const query = new URLSearchParams({ scene: screen.scene, theme: look.theme, text: look.text, language: look.language ?? 'zh-CN' })
    try {
      await page.goto(`http://localhost:${port}/tests/stand-in/inspector.html?${query}#${screen.path}`)
      await page.locator('header, .gate').first().waitFor()
      await page.waitForTimeout(250)
      await screen.act?.(page)
      await page.waitForTimeout(350)
      const found = await page.evaluate(() => {
        const wide = document.documentElement.scrollWidth > innerWidth + 1
        const small = [...document.querySelectorAll('button, a[href], input, textarea, label[for]')]
          .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest('.visually-hidden') && e.getClientRects().length)
          .map((e) => [e, e.getBoundingClientRect()])
          .filter(([e, r]) => r.height > 1 && r.height < 47.5 && !(e.tagName === 'LABEL' && !e.closest('.take')))
          .map(([e, r]) => `${e.dataset.testid ?? e.textContent.trim().slice(0, 20)} ${Math.round(r.height)}px`)
        const cut = [...document.querySelectorAll('main *, dialog *')]
          .filter((e) => e.getClientRects().length && e.scrollWidth > e.clientWidth + 2 && getComputedStyle(e).overflowX === 'visible' && e.clientWidth > 0 && getComputedStyle(e).display !== 'inline' && !e.matches('.mark'))
          .map((e) => `${e.className || e.tagName} sticks out by ${e.scrollWidth - e.clientWidth}`)
        return { wide, small: [...new Set(small)], cut: [...new Set(cut)].slice(0, 4) }
      })
      if (found.wide) complain(where, 'wider than the window')
      if (found.small.length) complain(where, `small targets: ${found.small.join(', ')}`)
      if (found.cut.length) complain(where, `cut: ${found.cut.join('; ')}`)
      await page.screenshot({ path: `look/${where}.png` })
    } catch (error) {
      complain(where, String(error).slice(0, 400))
      await page.screenshot({ path: `look/${where}.png` }).catch(() => undefined)
    }
    await page.close()
  }
  await context.close()
}
await browser.close()
await server.close()
await rm(outDir, { recursive: true, force: true })
console.log(complaints ? `${complaints} complaints` : 'nothing to complain about')
process.exit(complaints ? 1 : 0)
