FROM node:24-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm install --no-save
COPY src ./src
RUN npx --no esbuild -- src/cli.ts --bundle --platform=node --target=node24 --format=esm --keep-names \
    --banner:js='import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' \
    --outfile=dist/refgrant.mjs

# No shell and no package manager; the heap follows the container's memory limit.
FROM gcr.io/distroless/nodejs24-debian13:nonroot
ENV NODE_OPTIONS=--max-old-space-size-percentage=60
COPY --from=build /src/dist/refgrant.mjs /refgrant.mjs
EXPOSE 8443 8080
ENTRYPOINT ["/nodejs/bin/node", "/refgrant.mjs"]
CMD ["serve"]
