"""Hands a file in with tuspy. Goes on with what an earlier run began, where the
store remembers one."""

import json
import sys

from tusclient import client
from tusclient.exceptions import TusCommunicationError
from tusclient.storage import filestorage

job = json.loads(sys.argv[1])
headers = {"Authorization": f"Bearer {job['token']}"}
try:
    uploader = client.TusClient(job["endpoint"], headers=headers).uploader(
        job["file"],
        chunk_size=job.get("chunk") or 1024 * 1024,
        metadata={"sha256": job["sha256"], "filetype": job["filetype"]},
        retries=job.get("retries") or 0,
        retry_delay=0.3,
        store_url=True,
        url_storage=filestorage.FileStorage(job["store"]),
        upload_checksum=job.get("checksum", False),
    )
    uploader.upload()
    print(json.dumps({"ok": True, "url": uploader.url}))
except TusCommunicationError as error:
    print(json.dumps({"ok": False, "status": error.status_code, "message": str(error)[:300]}))
    sys.exit(1)
