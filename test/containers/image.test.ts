import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { version } from 'cowmask'
import { expect, test } from 'vitest'

import { describeImages, docker, images, inspect, volume } from './docker.js'
import { makeSecrets } from './secrets.js'
import { startWorker } from './worker-container.js'

const run = promisify(execFile)
const PYTHON = '/opt/cowmask/environment/bin/python'

/** Runs Python in a running container, and answers what it prints as JSON. */
async function within<T>(id: string, program: string): Promise<T> {
  return JSON.parse(await docker('exec', id, PYTHON, '-I', '-c', program)) as T
}

const FACTS = `
import json, os
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
def writable(path):
    try:
        open(os.path.join(path, "probe"), "w").close()
    except OSError as error:
        return os.strerror(error.errno)
    os.remove(os.path.join(path, "probe"))
    return "writable"
listeners = set()
for table in ("/proc/net/tcp", "/proc/net/tcp6"):
    for line in open(table).read().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A":
            listeners.add(int(fields[1].rsplit(":", 1)[1], 16))
print(json.dumps({
    "user": os.getuid(), "group": os.getgid(), "groups": os.getgroups(),
    "capabilities": [status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")],
    "noNewPrivileges": status["NoNewPrivs"],
    "written": {path: writable(path) for path in ("/", "/opt/cowmask", "/etc", "/usr/bin", "/imports", "/state", "/data", "/cache", "/tmp")},
    "listeners": sorted(listeners),
}))`

// A grandchild whose parent is gone belongs to the container's first process.
const ORPHAN = `
import json, os, time
reading, writing = os.pipe()
if os.fork() == 0:
    if os.fork() == 0:
        os.write(writing, str(os.getpid()).encode())
        os._exit(0)
    os._exit(0)
os.wait()
orphan = os.read(reading, 16).decode()
deadline = time.monotonic() + 30
while os.path.exists(f"/proc/{orphan}") and time.monotonic() < deadline:
    time.sleep(0.01)
print(json.dumps(os.path.exists(f"/proc/{orphan}")))`

const CONTENTS = `
import importlib.metadata, json, os, re
found = {"tests": [], "caches": [], "compilers": [], "uncompiled": 0, "keys": []}
for folder, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if os.path.join(folder, name) not in ("/proc", "/sys", "/dev", "/tmp", "/run/secrets")]
    for name in folders:
        if folder.startswith("/opt") and name == "tests": found["tests"].append(folder)
        if name in (".cache", "pip-cache", ".npm", "lists") and os.listdir(os.path.join(folder, name)): found["caches"].append(folder + "/" + name)
    for name in files:
        path = os.path.join(folder, name)
        if re.fullmatch(r"(gcc|g\\\\+\\\\+|cc|ld|make|uv|cargo)(-\\\\d+)?", name) and os.access(path, os.X_OK): found["compilers"].append(path)
        if name.endswith((".pem", ".key")) and not folder.startswith(("/etc/ssl", "/usr/share/ca-certificates")) and b"PRIVATE KEY" in open(path, "rb").read(): found["keys"].append(path)
        if folder.startswith("/opt/cowmask/worker/cowmask") and name.endswith(".py"):
            cached = [each for each in os.listdir(os.path.join(folder, "__pycache__"))] if os.path.isdir(os.path.join(folder, "__pycache__")) else []
            found["uncompiled"] += not any(each.startswith(name[:-3] + ".cpython-") for each in cached)
bill = json.load(open("/opt/cowmask/bill-of-materials.cdx.json"))
listed = {(each["name"].lower().replace("_", "-"), each["version"]) for each in bill["components"]}
installed = {(re.sub(r"[-_.]+", "-", each.name).lower(), each.version) for each in importlib.metadata.distributions()}
found["notInBill"] = sorted(each for each in installed if each not in {(re.sub(r"[-_.]+", "-", name), version) for name, version in listed})
found["debian"] = sum(each.get("purl", "").startswith("pkg:deb/") for each in bill["components"])
found["bill"] = [bill["bomFormat"], len(bill["components"])]
print(json.dumps(found))`

// What npm has installed and the bill does not list.
const UNLISTED = `
const { readFileSync, readdirSync, existsSync } = require('node:fs')
const bill = JSON.parse(readFileSync('/opt/cowmask/bill-of-materials.cdx.json', 'utf8'))
const listed = new Set(bill.components.map(({ name, version }) => name + '@' + version))
const found = []
for (const folder of ['/app/node_modules', '/usr/local/lib/node_modules'])
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const names = entry.name.startsWith('@') ? readdirSync(folder + '/' + entry.name).map((name) => entry.name + '/' + name) : [entry.name]
    for (const name of names) {
      const file = folder + '/' + name + '/package.json'
      if (entry.isSymbolicLink() || !existsSync(file)) continue
      const { version } = JSON.parse(readFileSync(file, 'utf8'))
      if (!listed.has(name + '@' + version)) found.push(name + '@' + version)
    }
  }
if (!listed.has('npm@' + require('/usr/local/lib/node_modules/npm/package.json').version)) found.push('npm')
console.log(JSON.stringify(found))`

describeImages('the image of the worker', () => {
  test('S1, S8: runs without root, capabilities, a writable root, or a listener beyond its port', async () => {
    await using secrets = await makeSecrets()
    await using worker = await startWorker({ secrets })
    await using cowmask = await worker.connect()
    // Task processes are under way when it is looked at.
    await cowmask.masks.cow({ count: 1, height: 8, width: 8 })

    expect(await inspect(worker.id, '.Config.User')).toBe('10001:10001')
    expect(await inspect(worker.id, '.HostConfig')).toMatchObject({
      ReadonlyRootfs: true,
      Privileged: false,
      CapAdd: null,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
    })
    const none = '0000000000000000'
    const readOnly = 'Read-only file system'
    expect(await within(worker.id, FACTS)).toEqual({
      user: 10001,
      group: 10001,
      groups: [10001],
      capabilities: [none, none, none, none, none],
      noNewPrivileges: '1',
      written: {
        ...Object.fromEntries(['/', '/opt/cowmask', '/etc', '/usr/bin', '/imports'].map((path) => [path, readOnly])),
        ...Object.fromEntries(['/state', '/data', '/cache', '/tmp'].map((path) => [path, 'writable'])),
      },
      listeners: [50051],
    })
    expect(await within(worker.id, ORPHAN)).toBe(false)
  })

  test('S8, S10: keeps to itself what it writes into volumes that others own, as clusters mount them', async () => {
    await using secrets = await makeSecrets()
    await using state = volume()
    await using cache = volume()
    for (const { name } of [state, cache]) {
      const asRoot = ['run', '--rm', '--user', '0', '--volume', `${name}:/volume`, '--entrypoint']
      await docker(...asRoot, 'chown', images.worker, '0:10001', '/volume')
      await docker(...asRoot, 'chmod', images.worker, '2775', '/volume')
    }
    await using worker = await startWorker({ secrets, state: state.name, cache: cache.name })
    await using cowmask = await worker.connect()
    expect((await cowmask.masks.cow({ count: 1, height: 8, width: 8 })).count).toBe(1)
    for await (const run of cowmask.experiments.list()) throw new Error(run.id)
    const modes = `import json, os
print(json.dumps([os.stat(path).st_mode & 0o777 for path in ("/state/worker", "/cache/compiled")]))`
    expect(await within(worker.id, modes)).toEqual([0o700, 0o700])
  })

  test('S9: holds what its bill of materials says, compiled, and neither tests, caches, compilers nor keys', async () => {
    const out = await docker('run', '--rm', '--user', '0', '--entrypoint', PYTHON, images.worker, '-I', '-c', CONTENTS)
    const { bill, debian, ...found } = JSON.parse(out) as Record<string, unknown> & { bill: unknown; debian: number }
    expect(found).toEqual({ tests: [], caches: [], compilers: [], uncompiled: 0, keys: [], notInBill: [] })
    expect(bill).toEqual(['CycloneDX', expect.any(Number)])
    expect(debian).toBeGreaterThan(50)
  })

  test('S4: says what it is in its labels, and no secret in its history', async () => {
    const labels = await inspect<Record<string, string>>(images.worker, '.Config.Labels')
    expect(labels).toMatchObject({
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.base.name': expect.stringContaining(':') as string,
    })
    for (const image of Object.values(images)) {
      const history = await docker('history', '--no-trunc', '--format', '{{.CreatedBy}}', image)
      const settings = await docker('inspect', '--format', '{{json .Config.Env}}', image)
      expect(`${history}${settings}`).not.toMatch(/BEGIN|token=|password|_authToken/i)
    }
  })
})

describeImages('the images for accelerators', () => {
  test.each(['cuda12', 'cuda13', 'tpu'])(
    'S9: of %s have a lock that the package index can still serve',
    async (name) => {
      const { stdout } = await run(process.execPath, ['scripts/image.mjs', 'resolved', '--accelerator', name])
      await docker('rmi', '--force', stdout.trim())
    },
  )
})

describeImages('the image for scripts', () => {
  test('runs the command line, and a worker of its own, with nothing installed', async () => {
    const flags = ['run', '--rm', '--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL']
    const said = await docker(...flags, images.scripts, 'npx', 'cowmask', 'info', '--json')
    expect(JSON.parse(said)).toMatchObject({ workerVersion: version, protocol: 1 })

    const unlisted = await docker(...flags, images.scripts, 'node', '--eval', UNLISTED)
    expect(JSON.parse(unlisted)).toEqual([])
  })
})
