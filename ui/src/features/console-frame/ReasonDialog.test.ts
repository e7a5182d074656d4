// @vitest-environment happy-dom
// Nothing is done without a reason.
import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { setupI18n } from '@/shared/i18n'
import { commonMessages } from '@/shared/i18n/common'
import { consoleErrorMessages, consoleFrameMessages } from './messages'
import ReasonDialog from './ReasonDialog.vue'

function open(props: Record<string, unknown> = {}) {
  const wrapper = mount(ReasonDialog, {
    props: { open: true, title: '取消任务', action: '取消任务', testid: 'x', ...props },
    global: { plugins: [setupI18n([commonMessages, consoleFrameMessages, consoleErrorMessages])] },
  })
  const field = () => wrapper.get<HTMLTextAreaElement>('[data-testid=x-reason]')
  return { wrapper, field, submit: () => wrapper.get('[data-testid=x-submit]').trigger('click') }
}

describe('ReasonDialog', () => {
  it('refuses an empty reason and says so', async () => {
    const { wrapper, field, submit } = open()
    await field().setValue('  \n ')
    await submit()
    expect(wrapper.emitted('confirm')).toBeUndefined()
    expect(field().attributes('aria-invalid')).toBe('true')
    expect(wrapper.text()).toContain('请写明理由')
  })
  it('hands the reason over without the space around it', async () => {
    const { wrapper, field, submit } = open()
    await field().setValue(' 企业停产 ')
    await submit()
    expect(wrapper.emitted('confirm')).toEqual([['企业停产']])
  })
  it('waits while something else is missing', async () => {
    const { wrapper, field, submit } = open({ blocked: true })
    await field().setValue('属消防职责')
    await submit()
    expect(wrapper.emitted('confirm')).toBeUndefined()
  })
  it('opened again, it begins without the words of the last time', async () => {
    const { wrapper, field } = open()
    await field().setValue('企业停产')
    await wrapper.setProps({ open: false })
    await wrapper.setProps({ open: true })
    expect(field().element.value).toBe('')
  })
})
