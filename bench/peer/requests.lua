-- What wrk asks: wrk -s requests.lua URL -- one | many COUNT | get ID...
local headers = {["Content-Type"] = "application/json"}
local kind, ids, number = nil, {}, 0

function init(args)
  kind = args[1]
  for index = 2, #args do ids[index - 1] = args[index] end
end

function url()
  number = number + 1
  return string.format('"https://example.com/pictures/%d.png"', number)
end

function request()
  if kind == "get" then
    number = number % #ids + 1
    return wrk.format("GET", "/images/" .. ids[number])
  elseif kind == "one" then
    return wrk.format("POST", "/images", headers, '{"url":' .. url() .. "}")
  end
  local urls = {}
  for index = 1, tonumber(ids[1]) do urls[index] = url() end
  return wrk.format("POST", "/images", headers, '{"urls":[' .. table.concat(urls, ",") .. "]}")
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  local p50 = latency:percentile(50)
  io.write(string.format("\n%d %d %d %d\n", summary.requests, summary.duration, failed, p50))
end
