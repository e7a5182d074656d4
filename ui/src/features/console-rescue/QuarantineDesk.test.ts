// @vitest-environment happy-dom
// What was put aside is listed, explained and can be fetched.
import { flushPromises, mount } from '@vue/test-utils'
import { VueQueryPlugin } from '@tanstack/vue-query'
import { describe, expect, it, vi } from 'vitest'
import * as server from '@/platform/console'
import type { QuarantineRow } from '@/platform/console-types'
import { setupI18n } from '@/shared/i18n'
import { commonMessages } from '@/shared/i18n/common'
import { consoleErrorMessages, consoleFrameMessages } from '@/features/console-frame/messages'
import { consoleQueries } from '@/features/console-frame/queries'
import { consoleRescueMessages } from './messages'
import QuarantineDesk from './QuarantineDesk.vue'

vi.mock('@/platform/console', { spy: true })

const row: QuarantineRow = { sha256: 'ab'.repeat(32), received_at: '2026-11-23T02:00:00.000Z', delivered_by: '平板 1 检查员甲', claims: '', reason: 'seal', bytes: 4200 }

async function show(rows: QuarantineRow[]) {
  vi.mocked(server.quarantine).mockResolvedValue(rows)
  const wrapper = mount(QuarantineDesk, {
    global: { plugins: [setupI18n([commonMessages, consoleFrameMessages, consoleErrorMessages, consoleRescueMessages]), [VueQueryPlugin, { queryClient: consoleQueries() }]] },
  })
  await flushPromises()
  return wrapper
}

describe('QuarantineDesk', () => {
  it('explains itself where there is nothing', async () => {
    expect((await show([])).text()).toContain('没有被隔离的数据')
  })
  it('names who delivered it and says when its claimed origin is not known here', async () => {
    const text = (await show([row])).get('[data-testid=quarantine-row-abababab]').text()
    expect(text).toContain('平板 1 检查员甲')
    expect(text).toContain('未登记的平板')
    expect(text).toContain('校验值或签封不符')
  })
  it('is fetched under its whole hash', async () => {
    expect((await show([row])).get('[data-testid=quarantine-get-abababab]').attributes('href')).toBe(`/api/quarantine/${row.sha256}`)
  })
  it('a reason of a newer version is shown as it came', async () => {
    expect((await show([{ ...row, reason: 'brand_new' }])).text()).toContain('brand_new')
  })
})
