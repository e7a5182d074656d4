// The law texts of a task's reference package, read once: the package is pinned.
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { app, type Article } from '@/platform/app'

/** 安全生产法 第三十六条, short enough for a chip; a criterion is named by its text. */
export function articleName(article: Article): string {
  if (!article.article) return `${article.code} ${article.text}`
  return `${article.title.replace(/^中华人民共和国/, '')} ${article.article}`
}

/** All legal bases of the task. */
export function useLaws(task: string) {
  const query = useQuery({ queryKey: ['laws', task], queryFn: () => app.laws(task), staleTime: Infinity })
  const byCode = computed(() => new Map((query.data.value ?? []).map((article) => [article.code, article])))
  return { query, byCode, nameOf: (code: string) => nameIn(byCode.value, code) }
}

/** All criteria for 重大. */
export function useCriteria(task: string) {
  const query = useQuery({ queryKey: ['criteria', task], queryFn: () => app.criteria(task), staleTime: Infinity })
  const byCode = computed(() => new Map((query.data.value ?? []).map((article) => [article.code, article])))
  return { query, byCode, nameOf: (code: string) => nameIn(byCode.value, code) }
}

function nameIn(articles: Map<string, Article>, code: string): string {
  const article = articles.get(code)
  return article ? articleName(article) : code
}

/** Articles whose title, number, code or text holds every word looked for. */
export function matching(articles: readonly Article[], wanted: string): Article[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean)
  return articles.filter((article) => {
    const text = `${article.code} ${article.title} ${article.article} ${article.text}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
}
