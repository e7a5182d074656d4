// @vitest-environment happy-dom
// Handing on: to another department of the table, with a reason.
import { flushPromises, mount } from '@vue/test-utils'
import { VueQueryPlugin } from '@tanstack/vue-query'
import { afterEach, describe, expect, it, vi } from 'vitest'
import * as server from '@/platform/console'
import type { Board } from '@/platform/console-types'
import { setupI18n } from '@/shared/i18n'
import { commonMessages } from '@/shared/i18n/common'
import { consoleErrorMessages, consoleFrameMessages } from '@/features/console-frame/messages'
import { consoleQueries } from '@/features/console-frame/queries'
import HandOnDialog from './HandOnDialog.vue'
import { consoleBoardMessages } from './messages'

vi.mock('@/platform/console', { spy: true })

async function open(...departments: string[]) {
  const parties = departments.map((department) => ({ department, short_name: department, name: department }))
  const wrapper = mount(HandOnDialog, {
    props: { board: { task: 't1', parties } as unknown as Board, record: null },
    global: { plugins: [setupI18n([commonMessages, consoleFrameMessages, consoleErrorMessages, consoleBoardMessages]), [VueQueryPlugin, { queryClient: consoleQueries() }]] },
  })
  await wrapper.setProps({ record: { rec: 'r1', title: 'GL-01 疏散通道', department: '应急' } })
  const by = (id: string) => wrapper.get(`[data-testid="${id}"]`)
  const submit = async () => {
    await by('hand-on-dialog-reason').setValue('属消防职责')
    await by('hand-on-dialog-submit').trigger('click')
    await flushPromises()
  }
  return { wrapper, by, submit }
}

describe('HandOnDialog', () => {
  afterEach(() => vi.clearAllMocks())

  it('does not offer the department that has it', async () => {
    const { wrapper } = await open('应急', '消防', '市监')
    expect(wrapper.findAll('[role=radio]').map((each) => each.text())).toEqual(['消防', '市监'])
  })
  it('waits until a department is chosen', async () => {
    const give = vi.mocked(server.handOn).mockResolvedValue(undefined)
    const { by, submit } = await open('应急', '消防', '市监')
    await submit()
    expect(give).not.toHaveBeenCalled()
    expect(by('hand-on-missing').text()).toContain('部门')
    await by('hand-on-to-市监').trigger('click')
    await submit()
    expect(give).toHaveBeenCalledWith('t1', 'r1', { department: '市监', reason: '属消防职责' })
  })
  it('the only other department needs no choosing', async () => {
    const give = vi.mocked(server.handOn).mockResolvedValue(undefined)
    const { submit } = await open('应急', '消防')
    await submit()
    expect(give).toHaveBeenCalledWith('t1', 'r1', { department: '消防', reason: '属消防职责' })
  })
})
