// @vitest-environment happy-dom
// Codes are shown by their words: asked once per task, and a code that nobody
// knows stays a code.
import { flushPromises, mount } from '@vue/test-utils'
import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, ref } from 'vue'
import * as door from '@/platform/console'
import type { Article } from '@/platform/console-types'
import { setupI18n } from '@/shared/i18n'
import { citationOf, provideArticles } from './articles'
import CitationList from './CitationList.vue'
import { consoleBoardMessages } from './messages'

const law: Article = { code: 'AQF-49-2', title: '中华人民共和国安全生产法', article: '第四十九条第二款', text: '明确各自安全职责。', effective_from: '2021-09-01', uncertain: true }
const criterion: Article = { code: 'GM10-13-2', title: '应急管理部令第10号', article: '', text: '未落实作业审批', effective_from: null, uncertain: false }

async function page(...lists: string[][]) {
  const asked = vi.spyOn(door, 'articles').mockResolvedValue([law, criterion])
  const Host = defineComponent({
    setup() {
      provideArticles(ref('t1'))
      return () => lists.map((codes) => h(CitationList, { codes }))
    },
  })
  const wrapper = mount(Host, { global: { plugins: [setupI18n([consoleBoardMessages]), [VueQueryPlugin, { queryClient: new QueryClient() }]] } })
  const before = wrapper.text()
  await flushPromises()
  return { wrapper, asked, before }
}

afterEach(() => { vi.restoreAllMocks() })

describe('citationOf', () => {
  it('a legal basis is named by law and article', () => {
    expect(citationOf('AQF-49-2', law)).toBe('《安全生产法》第四十九条第二款')
  })
  it('a criterion is named by its code and text', () => {
    expect(citationOf('GM10-13-2', criterion)).toBe('GM10-13-2 未落实作业审批')
  })
  it('an unknown code stays a code', () => {
    expect(citationOf('NEW-1', undefined)).toBe('NEW-1')
  })
})

describe('CitationList', () => {
  it('shows codes until the words are here, and asks for them once', async () => {
    const { wrapper, asked, before } = await page(['AQF-49-2'], ['GM10-13-2', 'NEW-1'])
    expect(before).toContain('AQF-49-2')
    expect(wrapper.get('[data-testid="cite-AQF-49-2"]').text()).toBe('《安全生产法》第四十九条第二款')
    expect(wrapper.get('[data-testid="cite-NEW-1"]').text()).toBe('NEW-1')
    expect(asked.mock.calls).toEqual([['t1']])
  })
  it('marks only what was not verified', async () => {
    expect((await page(['AQF-49-2'])).wrapper.text()).toContain('待核实')
    expect((await page(['GM10-13-2'])).wrapper.text()).not.toContain('待核实')
  })
  it('opens to the gist and closes again', async () => {
    const { wrapper } = await page(['AQF-49-2'])
    const button = wrapper.get('button')
    expect(button.attributes('title')).toBe(law.text)
    expect(wrapper.text()).not.toContain(law.text)
    await button.trigger('click')
    expect(button.attributes('aria-expanded')).toBe('true')
    expect(wrapper.text()).toContain(law.text)
    expect(wrapper.text()).toContain('AQF-49-2')
    await button.trigger('click')
    expect(wrapper.text()).not.toContain(law.text)
  })
})
