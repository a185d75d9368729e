# Exact versions, since a tag such as 24-slim names another image from one day to the next. The second image has no such
# tags: --build-arg BASE=gcr.io/distroless/nodejs24-debian13@sha256:... pins it.
ARG BASE=gcr.io/distroless/nodejs24-debian13:nonroot

FROM node:24.21.0-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm install --no-save
COPY . .
RUN npm run bundle && npm pack && mkdir /refgrant && tar -xzf refgrant-*.tgz -C /refgrant --strip-components 1

# The image has neither a shell nor a package manager. The heap follows the memory limit of the container. Young objects
# have 12 MiB: V8 would give them 3 MiB in a container of 256 MiB, and up to 192 MiB without a limit (docs/performance.md).
# Node may read files, and may neither write files nor start processes.
FROM $BASE
ENV NODE_OPTIONS="--max-old-space-size-percentage=60 --max-semi-space-size=4"
COPY --from=build /refgrant /refgrant
USER 65532:65532
EXPOSE 8443 8080
ENTRYPOINT ["/nodejs/bin/node", "--permission", "--allow-fs-read=*", "/refgrant/dist/refgrant.js"]
CMD ["serve"]
