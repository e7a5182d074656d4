// @vitest-environment happy-dom
// A field that saves itself: with what was seen at its opening, and without
// losing what was typed.
import { flushPromises, mount } from '@vue/test-utils'
import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, ref } from 'vue'
import { app, AppFailure, type Board, type FieldView } from '@/platform/app'
import { setupI18n } from '@/shared/i18n'
import { commonMessages } from '@/shared/i18n/common'
import { conflictMessages } from '../conflict/messages'
import EditableText from './EditableText.vue'
import { provideTaskSession, type TaskSession } from './session'

const heads = (...ids: string[]): FieldView['heads'] =>
  ids.map((id) => ({ id, value: { type: 'text', value: id }, by: { person: 'p', name: '', department: '', tablet: '', wall: '' }, decided: false }))
const remark = (...ids: string[]): FieldView => ({ target: { kind: 'item', rec: 'r1', field: 'remark' }, shown: { type: 'text', value: ids[0] ?? '' }, heads: heads(...ids), contested: false })

function open() {
  const field = ref(remark('a:0'))
  let session: TaskSession | undefined
  const Host = defineComponent({
    setup() {
      session = provideTaskSession('t1').session
      return () => h(EditableText, { field: field.value, label: '备注', rows: 2, testid: 'item-remark' })
    },
  })
  const i18n = setupI18n([commonMessages, conflictMessages])
  const wrapper = mount(Host, { global: { plugins: [i18n, [VueQueryPlugin, { queryClient: new QueryClient({ defaultOptions: { queries: { retry: false } } }) }]] }, attachTo: document.body })
  return { wrapper, field, session: session as unknown as TaskSession, input: wrapper.get('textarea') }
}

describe('EditableText', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    vi.spyOn(app, 'board').mockResolvedValue({} as Board)
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
  })

  it('saves after a pause, naming what stood when it was opened', async () => {
    const edit = vi.spyOn(app, 'editField').mockResolvedValue({} as Board)
    const { field, input } = open()
    await input.trigger('focus')
    field.value = remark('b:0', 'a:0') // comes in while the person types
    await input.setValue('已移除')
    await vi.advanceTimersByTimeAsync(1300)
    expect(edit).toHaveBeenCalledWith('t1', field.value.target, { type: 'text', value: '已移除' }, ['a:0'])
  })
  it('does not replace what is being typed by what comes in', async () => {
    const { field, input } = open()
    await input.trigger('focus')
    await input.setValue('写到一半')
    field.value = remark('b:0')
    await flushPromises()
    expect((input.element as HTMLTextAreaElement).value).toBe('写到一半')
  })
  it('saves when the screen goes away in the middle of typing', async () => {
    const edit = vi.spyOn(app, 'editField').mockResolvedValue({} as Board)
    const { wrapper, input } = open()
    await input.trigger('focus')
    await input.setValue('没写完')
    wrapper.unmount()
    await flushPromises()
    expect(edit).toHaveBeenCalledOnce()
  })
  it('writes nothing when nothing was changed', async () => {
    const edit = vi.spyOn(app, 'editField').mockResolvedValue({} as Board)
    const { input } = open()
    await input.trigger('focus')
    await input.trigger('blur')
    await flushPromises()
    expect(edit).not.toHaveBeenCalled()
  })
  it('keeps the text and tries again after a failure', async () => {
    const edit = vi.spyOn(app, 'editField').mockRejectedValueOnce(new AppFailure('disk_full', null)).mockResolvedValue({} as Board)
    const { input, session } = open()
    await input.trigger('focus')
    await input.setValue('新备注')
    await input.trigger('blur')
    await flushPromises()
    expect(session.failure.value?.code).toBe('disk_full')
    expect((input.element as HTMLTextAreaElement).value).toBe('新备注')
    await input.trigger('focus')
    await input.trigger('blur')
    await flushPromises()
    expect(edit).toHaveBeenCalledTimes(2)
    expect(session.failure.value).toBeUndefined()
  })
})
