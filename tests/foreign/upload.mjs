// Hands a file in with tus-js-client. Goes on with what an earlier run began,
// where the store remembers one.
import { createReadStream } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const job = JSON.parse(process.argv[2])
const require = createRequire(join(process.env.LIANJIAN_FOREIGN, 'node', 'package.json'))
const tus = require('tus-js-client')

const statusOf = (error) => error.originalResponse?.getStatus() ?? null
const upload = new tus.Upload(createReadStream(job.file), {
  endpoint: job.endpoint,
  headers: { Authorization: `Bearer ${job.token}` },
  metadata: { sha256: job.sha256, filetype: job.filetype, filename: 'film.mp4' },
  chunkSize: job.chunk ?? Number.POSITIVE_INFINITY,
  retryDelays: job.retries ? Array(job.retries).fill(300) : null,
  uploadDataDuringCreation: job.at_once ?? false,
  overridePatchMethod: job.override ?? false,
  urlStorage: new tus.FileUrlStorage(job.store),
  storeFingerprintForResuming: true,
  onError: (error) => {
    console.log(JSON.stringify({ ok: false, status: statusOf(error), message: String(error).slice(0, 300) }))
    process.exit(1)
  },
  onSuccess: () => {
    console.log(JSON.stringify({ ok: true, url: upload.url }))
    process.exit(0)
  },
})
const before = await upload.findPreviousUploads()
if (before.length) upload.resumeFromPreviousUpload(before[0])
upload.start()
