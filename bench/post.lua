-- wrk: POST chat completions. MODEL, KEY; STREAM=1; SAME=1 asks the same question every time.
local key, model = os.getenv("KEY"), os.getenv("MODEL")
local is_stream, is_same = os.getenv("STREAM") == "1", os.getenv("SAME") == "1"
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. key

local count, run = 0, 0
function init(args) math.randomseed(os.time()); run = math.random(1e9) end
function request()
  count = count + 1
  local question = is_same and "the same" or (run .. "-" .. count)
  return wrk.format(nil, nil, nil, '{"model":"' .. model .. '","max_tokens":200,' ..
    (is_stream and '"stream":true,' or '') ..
    '"messages":[{"role":"user","content":"Socrates, what is justice? ' .. question .. '"}]}')
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"rps": %.1f, "p50": %.2f, "p95": %.2f, "n": %d, "errors": %d}\n',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3,
    latency:percentile(95) / 1e3, summary.requests,
    e.status + e.connect + e.read + e.write + e.timeout))
end
