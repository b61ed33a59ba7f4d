// The same calls by a stack that many would take: Express, Bull, and Redis without persistence.
// node server.js PORT REDIS_PORT [FINISHED]: first bring so many jobs to their end, and tell their ids.
const { randomUUID } = require('node:crypto');
const express = require('express');
const Queue = require('bull');

const [port, redisPort, finished] = process.argv.slice(2).map(Number);
const queue = new Queue('images', { redis: { host: '127.0.0.1', port: redisPort } });

const accepted = (url) => {
  try {
    return ['http:', 'https:'].includes(new URL(url).protocol);
  } catch {
    return false;
  }
};

const refuse = (response, status, title, errors) =>
  response.status(status).type('application/problem+json').json({ title, status, errors });

const time = (milliseconds) => (milliseconds ? new Date(milliseconds).toISOString() : null);

const details = (job) => ({
  status: job.finishedOn ? (job.failedReason ? 'failed' : 'finished') : 'queued',
  error: job.failedReason ? { title: job.failedReason } : null,
  id: job.id,
  source_url: job.data.url,
  image_url: job.finishedOn && !job.failedReason ? `/images/${job.id}/content` : null,
  content_type: job.returnvalue?.content_type ?? null,
  width: job.returnvalue?.width ?? null,
  height: job.returnvalue?.height ?? null,
  bytes: job.returnvalue?.bytes ?? null,
  sha256: job.returnvalue?.sha256 ?? null,
  added_at: time(job.timestamp),
  completed_at: time(job.finishedOn),
  download_id: null,
});

const app = express();
app.use(express.json({ limit: '4mb' }));

app.post('/images', async (request, response) => {
  const { url, urls } = request.body;
  if (urls) {
    const bad = urls.findIndex((one) => !accepted(one));
    if (bad >= 0) return refuse(response, 422, 'Invalid input', { urls: { [bad]: ['Not a URL.'] } });
    const jobs = await queue.addBulk(urls.map((one) => ({ data: { url: one }, opts: { jobId: randomUUID() } })));
    const images = jobs.map((job) => ({ id: job.id, url: job.data.url, status: 'queued', status_url: `/images/${job.id}` }));
    return response.status(202).json({ images });
  }
  if (!accepted(url)) return refuse(response, 422, 'Invalid input', { url: ['Not a URL.'] });
  const job = await queue.add({ url }, { jobId: randomUUID() });
  response.status(202).location(`/images/${job.id}`).json(details(job));
});

app.get('/images/:id', async (request, response) => {
  const job = await queue.getJob(request.params.id);
  if (!job) return refuse(response, 404, 'Not found');
  response.json(details(job));
});

const finish = async (count) => {
  const work = new Queue('images', { redis: { host: '127.0.0.1', port: redisPort } });
  work.process(50, async () => ({
    content_type: 'image/png', width: 640, height: 480, bytes: 123456, sha256: '0'.repeat(64),
  }));
  const urls = Array.from({ length: count }, (_, number) => `https://example.com/${number}.png`);
  const jobs = await queue.addBulk(urls.map((url) => ({ data: { url }, opts: { jobId: randomUUID() } })));
  await Promise.all(jobs.map((job) => job.finished()));
  await work.close();
  return jobs.map((job) => job.id);
};

finish(finished).then((ids) => app.listen(port, '127.0.0.1', () => console.log(ids.join('\n') + '\nready')));
